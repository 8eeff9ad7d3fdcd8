import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { testTenant } from '@zoco/testing';
import { afterAll, describe, expect, test } from 'vitest';
import { openRaw, sendRaw } from '../fixtures/raw-request.ts';
import { startGateway } from '../fixtures/test-gateway.ts';
import { json, startUpstream } from '../fixtures/test-upstream.ts';

const stack = new AsyncDisposableStack();
afterAll(() => stack.disposeAsync());
const service = stack.use(await startUpstream(json({})));
const gateway = stack.use(
  await startGateway({
    tenants: [testTenant()],
    headersTimeoutMs: 100,
    env: { CATALOG_URL: service.url, GATEWAY_CONNECTIONS_MAX: '20' },
  }),
);

const head = 'POST /api/v1/products HTTP/1.1\r\nhost: x\r\n';

describe('what is not HTTP as it should be', () => {
  test.each([
    ['length and chunks at once', `${head}content-length: 4\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n`],
    ['two lengths', `${head}content-length: 4\r\ncontent-length: 5\r\n\r\nabcd`],
    ['a length that is none', `${head}content-length: -1\r\n\r\n`],
    ['an unknown coding', `${head}transfer-encoding: xchunked\r\n\r\n`],
    ['chunked twice', `${head}transfer-encoding: chunked, chunked\r\n\r\n0\r\n\r\n`],
    ['a space before the colon', `${head}x-a : 1\r\n\r\n`],
    ['a header without a name', `${head}: 1\r\n\r\n`],
    ['a NUL in a header', `${head}x-a: a\0b\r\n\r\n`],
    ['bare LF', 'GET /api/v1/products HTTP/1.1\nhost: x\n\n'],
    ['no host', 'GET /api/v1/products HTTP/1.1\r\nconnection: close\r\n\r\n'],
    ['a broken chunk size', `${head}transfer-encoding: chunked\r\n\r\nzz\r\n`],
    ['not HTTP at all', 'hello\r\n\r\n'],
    ['obsolete line folding', `${head}x-a: 1\r\n 2\r\nconnection: close\r\n\r\n`],
    [
      'an absolute target',
      'GET http://evil.example/api/v1/products HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n',
    ],
    [
      'a way out of the API',
      'GET /api/v1/../../internal/tenants HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n',
    ],
    ['a backslash', 'GET /api/v1/..\\..\\internal HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n'],
    ['two hosts', 'GET /api/v1/products HTTP/1.1\r\nhost: a\r\nhost: b\r\nconnection: close\r\n\r\n'],
  ])('%s: 400, and no service sees it', async (_name, bytes) => {
    const before = service.requests.length;
    expect(await sendRaw(gateway.port, bytes)).toMatch(/^HTTP\/1\.1 400 /);
    expect(service.requests).toHaveLength(before);
  });

  test('headers that are too large: 431', async () => {
    const answer = await sendRaw(gateway.port, `${head}x-a: ${'a'.repeat(20_000)}\r\n\r\n`);
    expect(answer).toMatch(/^HTTP\/1\.1 431 /);
  });

  test('a refusal is a problem document', async () => {
    const answer = await sendRaw(gateway.port, 'hello\r\n\r\n');
    expect(JSON.parse(answer.split('\r\n\r\n')[1] ?? '')).toMatchObject({
      status: 400,
      code: 'request_malformed',
    });
  });
});

describe('slow clients', () => {
  test('one that never ends its headers is cut off', async () => {
    const socket = openRaw(gateway.port, 'GET /api/v1/products HTTP/1.1\r\nx-a: 1');
    expect(await text(socket)).toMatch(/^HTTP\/1\.1 408 [^]*"code":"request_timeout"/);
  });

  test('many of them do not keep the others out for long', async () => {
    const sockets = Array.from({ length: 20 }, () => openRaw(gateway.port, 'GET / HTTP/1.1\r\nx-a:'));
    await Promise.all(sockets.map((socket) => text(socket).catch(() => '')));
    expect((await gateway.fetch('/health')).status).toBe(200);
  });

  test('connections beyond the limit are refused', async () => {
    const sockets = Array.from({ length: 20 }, () => openRaw(gateway.port, ''));
    await Promise.all(sockets.map((socket) => once(socket, 'connect')));
    const refused = openRaw(gateway.port, 'GET /health HTTP/1.1\r\nhost: x\r\n\r\n');
    expect(await text(refused).catch(() => '')).toBe('');
    for (const socket of sockets) socket.destroy();
    const again = () =>
      gateway.fetch('/health').then(
        ({ status }) => status,
        () => 0,
      );
    await expect.poll(again).toBe(200);
  });
});

test('a connection ends after a thousand requests, so that clients find new replicas', async () => {
  const answers = await sendRaw(gateway.port, 'GET /health HTTP/1.1\r\nhost: x\r\n\r\n'.repeat(1100));
  expect(answers.match(/HTTP\/1\.1 200 OK/g)).toHaveLength(1000);
  expect(answers.match(/connection: close/g)).toHaveLength(1);
});

test('a stop waits for the requests in hand and takes no new ones', async () => {
  let answerLater = () => {};
  service.listener = (_request, response) => {
    answerLater = () => response.end('{"late":true}');
  };
  const stopping = await startGateway({ tenants: [testTenant()], env: { CATALOG_URL: service.url } });
  const before = service.requests.length;
  const pending = stopping.fetch('/api/v1/products');
  await expect.poll(() => service.requests.length).toBe(before + 1);
  const stopped = stopping.server.close(10_000);
  await expect(stopping.fetch('/health')).rejects.toThrow('fetch failed');
  answerLater();
  expect(await (await pending).json()).toEqual({ late: true });
  await stopped;
  await stopping[Symbol.asyncDispose]();
});
