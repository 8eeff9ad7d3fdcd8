import { once } from 'node:events';
import { request as httpRequest } from 'node:http';
import { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { registry } from '@zoco/service';
import { createTestTokens, eventually, testTenant } from '@zoco/testing';
import { afterAll, beforeEach, describe, expect, test } from 'vitest';
import { openRaw } from '../fixtures/raw-request.ts';
import { startGateway } from '../fixtures/test-gateway.ts';
import { json, startUpstream } from '../fixtures/test-upstream.ts';

const tokens = await createTestTokens();
const shop = testTenant({
  rate_limits: {
    user: { requests: 100_000, window_seconds: 10 },
    tenant: { requests: 100_000, window_seconds: 10 },
    checkout: { requests: 100_000, window_seconds: 10 },
  },
});
const headers = { authorization: `Bearer ${await tokens.sign({ tenantId: shop.id })}` };

const stack = new AsyncDisposableStack();
afterAll(() => stack.disposeAsync());
const service = stack.use(await startUpstream(json({})));
const env = {
  USERS_URL: service.url,
  CATALOG_URL: service.url,
  ORDERS_URL: service.url,
  GATEWAY_BODY_BYTES_MAX: '65536',
  GATEWAY_UPLOAD_BYTES_MAX: '8388608',
  GATEWAY_STREAMS_MAX: '2',
};
const gateway = stack.use(await startGateway({ tokens, tenants: [shop], env }));
const hasty = stack.use(
  await startGateway({ tokens, tenants: [shop], env: { ...env, GATEWAY_TIMEOUT_MS: '150' } }),
);
beforeEach(() => {
  service.requests.length = 0;
  service.listener = json({});
});

const post = (path: string, body: RequestInit['body'], more: Record<string, string> = {}) =>
  gateway.fetch(path, {
    method: 'POST',
    headers: { ...headers, ...more },
    body,
    duplex: 'half',
  } as RequestInit);

describe('bodies', () => {
  test('go through as they are, with their length', async () => {
    const received: Promise<string>[] = [];
    service.listener = (request, response) => {
      received.push(
        Readable.prototype.toArray.call(request).then((chunks) => Buffer.concat(chunks).toString()),
      );
      response.end('{}');
    };
    await post('/api/v1/products', '{"name":"Café"}', { 'content-type': 'application/json' });
    expect(await Promise.all(received)).toEqual(['{"name":"Café"}']);
    expect(service.requests[0]?.headers).toMatchObject({
      'content-length': '16',
      'content-type': 'application/json',
    });
  });

  test('are refused when their length is too large, before the service sees them', async () => {
    const response = await post('/api/v1/products', 'x'.repeat(70_000));
    expect(await response.json()).toMatchObject({ status: 413, code: 'body_too_large' });
    expect(service.requests).toHaveLength(0);
  });

  test('are counted as they come when they do not tell their length', async () => {
    service.listener = (request) => void request.resume();
    const chunks = Readable.from(Array.from({ length: 100 }, () => Buffer.alloc(1024)));
    const response = await post('/api/v1/products', Readable.toWeb(chunks) as ReadableStream);
    expect(await response.json()).toMatchObject({ status: 413, code: 'body_too_large' });
  });

  test('of a GET are refused', async () => {
    const request = httpRequest(`${gateway.url}/api/v1/products`, {
      headers: { ...headers, 'content-length': 2 },
    });
    request.end('{}');
    const [response] = await once(request, 'response');
    expect(response.statusCode).toBe(400);
    response.resume();
  });

  test('an import streams: the service has the first lines before the last ones are sent', async () => {
    let firstLine = (_line: string) => {};
    const arrived = new Promise<string>((resolve) => (firstLine = resolve));
    service.listener = (request, response) => {
      let bytes = 0;
      request.on('data', (chunk: Buffer) => {
        if (bytes === 0) firstLine(chunk.toString());
        bytes += chunk.length;
      });
      request.on('end', () => response.end(String(bytes)));
    };
    async function* lines() {
      yield Buffer.from('sku,name\n');
      await arrived;
      for (let index = 0; index < 300; index += 1) yield Buffer.alloc(10_000);
    }
    const response = await post(
      '/api/v1/products/import',
      Readable.toWeb(Readable.from(lines())) as ReadableStream,
      {
        'content-type': 'text/csv',
      },
    );
    expect(await arrived).toBe('sku,name\n');
    expect(await response.text()).toBe('3000009');
  });

  test('an answer that comes before the whole body is passed on', async () => {
    service.listener = (_request, response) => {
      response.writeHead(422, { 'content-type': 'application/json' });
      response.end('{"early":true}');
    };
    const endless = new ReadableStream({
      pull: (controller) => controller.enqueue(new Uint8Array(1000)),
    });
    const response = await post('/api/v1/products/import', endless);
    expect([response.status, await response.text()]).toEqual([422, '{"early":true}']);
  });
});

describe('a client that goes on sending after it was answered', () => {
  const head = (length: string) =>
    `POST /api/v1/products/import HTTP/1.1\r\nhost: x\r\nauthorization: ${headers.authorization}\r\n${length}\r\n\r\n`;

  test('may finish, and use its connection again', async () => {
    service.listener = (_request, response) => void response.writeHead(422).end('{}');
    const body = 'x'.repeat(4_000_000);
    const socket = openRaw(gateway.port, head(`content-length: ${body.length}`) + body.slice(0, 100));
    await once(socket, 'data');
    socket.write(`${body.slice(100)}GET /health HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n`);
    expect(await text(socket)).toMatch(/HTTP\/1\.1 200 OK/);
    // The service did not read it all, so nobody else may use that connection.
    await expect.poll(() => service.requests[0]?.socket.destroyed).toBe(true);
  });

  test('is cut off when it does not come to an end', async () => {
    service.listener = (_request, response) => void response.writeHead(422).end('{}');
    const answer = text(openRaw(gateway.port, `${head('transfer-encoding: chunked')}5\r\nhello\r\n`));
    expect(await answer).toMatch(/^HTTP\/1\.1 422 /);
  });

  test('is cut off when its body is too large and does not come to an end', async () => {
    service.listener = (request) => void request.resume();
    const chunk = `${(70_000).toString(16)}\r\n${'x'.repeat(70_000)}\r\n`;
    const bytes = head('transfer-encoding: chunked').replace('/import', '') + chunk;
    expect(await text(openRaw(gateway.port, bytes))).toMatch(/^HTTP\/1\.1 413 /);
  });
});

describe('answers', () => {
  test('stream: what the service has written is there before it ends', async () => {
    let finish = () => {};
    service.listener = (_request, response) => {
      response.writeHead(200, { 'content-type': 'text/plain' });
      response.write('first');
      finish = () => response.end(' last');
    };
    const response = await gateway.fetch('/api/v1/orders', { headers });
    const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
    expect((await reader?.read())?.value).toBe('first');
    finish();
    expect((await reader?.read())?.value).toBe(' last');
  });

  test('that break off do not look whole', async () => {
    service.listener = (_request, response) => {
      response.writeHead(200, { 'content-length': '100' });
      response.write('half', () => response.destroy());
    };
    const response = await gateway.fetch('/api/v1/orders', { headers });
    await expect(response.text()).rejects.toThrow('terminated');
  });

  test('a client that leaves takes the request to the service with it', async () => {
    const left = new Promise<void>((resolve) => {
      service.listener = (_request, response) => void response.once('close', resolve);
    });
    const leaving = new AbortController();
    const answer = gateway.fetch('/api/v1/orders', { headers, signal: leaving.signal });
    await eventually(() => expect(service.requests).toHaveLength(1));
    leaving.abort();
    await expect(answer).rejects.toThrow('aborted');
    await left;
    const counted = async () =>
      (await registry.metrics()).includes('_count{method="GET",route="/api/v1/orders",status="499"} ');
    await expect.poll(counted).toBe(true);
  });

  test('headers of one connection stay there', async () => {
    service.listener = (_request, response) => {
      response.writeHead(200, ['connection', 'x-hop, close', 'x-hop', '1', 'x-kept', '2']);
      response.end('{}');
    };
    const response = await gateway.fetch('/api/v1/orders', { headers });
    expect([response.headers.get('x-hop'), response.headers.get('x-kept')]).toEqual([null, '2']);
  });
});

describe('event streams', () => {
  const open = () => gateway.fetch('/api/v1/orders/ord_1/events', { headers });
  const nextOf = (response: Response) => response.body?.pipeThrough(new TextDecoderStream()).getReader();

  test('arrive event by event, beyond the time limit of others', async () => {
    const writers: ((event: string) => void)[] = [];
    service.listener = (_request, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.flushHeaders();
      writers.push((event) => void response.write(event));
    };
    const response = await hasty.fetch('/api/v1/orders/ord_1/events', { headers });
    const reader = nextOf(response);
    // An ordinary request that starts later than the stream runs into its limit while the stream goes on.
    service.listener = () => {};
    expect((await hasty.fetch('/api/v1/orders', { headers })).status).toBe(504);
    expect((await hasty.fetch('/api/v1/orders', { headers })).status).toBe(504);
    for (const event of ['data: 1\n\n', 'data: 2\n\n']) {
      writers[0]?.(event);
      expect((await reader?.read())?.value).toBe(event);
    }
    await reader?.cancel();
  });

  test('are limited in number, and end when the gateway stops', async () => {
    service.listener = (_request, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.flushHeaders();
    };
    const streams = [await open(), await open()];
    const refused = await open();
    expect(await refused.json()).toMatchObject({ status: 503, code: 'streams_exhausted' });
    gateway.gateway.endStreams();
    for (const stream of streams) await expect(stream.text()).rejects.toThrow('terminated');
  });
});

describe('time limits', () => {
  test('a service that does not answer: 504', async () => {
    service.listener = () => {};
    const response = await hasty.fetch('/api/v1/orders', { headers });
    expect(await response.json()).toMatchObject({ status: 504, code: 'service_timeout' });
  });

  test('a client that does not send its body: 408', async () => {
    service.listener = (request) => void request.resume();
    const socket = openRaw(
      hasty.port,
      `POST /api/v1/products HTTP/1.1\r\nhost: x\r\nauthorization: ${headers.authorization}\r\ncontent-length: 10\r\n\r\n{`,
    );
    const [bytes] = await once(socket, 'data');
    expect(String(bytes)).toMatch(/^HTTP\/1\.1 408 [^]*"code":"body_timeout"/);
    socket.destroy();
  });

  test('an answer that does not end is broken off', async () => {
    service.listener = (_request, response) => {
      response.writeHead(200);
      response.write('and so on');
    };
    const response = await hasty.fetch('/api/v1/orders', { headers });
    expect(response.status).toBe(200);
    await expect(response.text()).rejects.toThrow('terminated');
  });
});
