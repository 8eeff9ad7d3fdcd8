import { createServer } from 'node:http';
import type { IncomingMessage, RequestListener } from 'node:http';
import { text } from 'node:stream/consumers';
import { createTestTokens, testTenant } from '@zoco/testing';
import { afterAll, afterEach, beforeEach, describe, expect, test } from 'vitest';
import { manualClock } from '../fixtures/manual-clock.ts';
import { startGateway, type TestGateway } from '../fixtures/test-gateway.ts';
import { deadPort, json, listen, portOf, startUpstream, stop } from '../fixtures/test-upstream.ts';
import { systemClock } from './clock.ts';
import { Upstream } from './upstream.ts';

const tokens = await createTestTokens();
const shop = testTenant();
const headers = { authorization: `Bearer ${await tokens.sign({ tenantId: shop.id })}` };
const tenants = [
  {
    ...shop,
    rate_limits: {
      user: { requests: 100_000, window_seconds: 10 },
      tenant: { requests: 100_000, window_seconds: 10 },
      checkout: { requests: 100_000, window_seconds: 10 },
    },
  },
];
const service = await startUpstream(json({}));
afterAll(() => service[Symbol.asyncDispose]());

const clock = manualClock();
let gateway: TestGateway;
beforeEach(async () => {
  service.requests.length = 0;
  gateway = await startGateway({ tokens, tenants, clock, env: { ORDERS_URL: service.url } });
});
afterEach(() => gateway[Symbol.asyncDispose]());

/** Answers in turn; the last one for good. */
function inTurn(...listeners: RequestListener[]): RequestListener {
  return (request, response) => {
    const next = listeners.length > 1 ? listeners.shift() : listeners[0];
    next?.(request, response);
  };
}

const hangUp: RequestListener = (request) => void request.socket.destroy();

async function ask(method = 'GET'): Promise<string> {
  const response = await gateway.fetch('/api/v1/orders', { method, headers });
  const body: { code?: string } = JSON.parse(await response.text());
  return `${response.status} ${body.code ?? 'ok'}`;
}

describe('retries', () => {
  test.each([
    ['a GET whose connection breaks', 'GET', inTurn(hangUp, json({})), '200 ok', 2],
    [
      'a GET that is answered 503',
      'GET',
      inTurn(json({}, {}, 503), json({}, {}, 502), json({})),
      '200 ok',
      3,
    ],
    ['a GET that fails each time', 'GET', hangUp, '503 service_unavailable', 3],
    [
      'a GET that is told when to come back',
      'GET',
      json({ code: 'service_overloaded' }, { 'retry-after': '1' }, 503),
      '503 service_overloaded',
      1,
    ],
    ['a GET that finds a bug', 'GET', json({ code: 'internal_error' }, {}, 500), '500 internal_error', 1],
    ['a POST that may have arrived', 'POST', hangUp, '503 service_unavailable', 1],
    ['a POST that is answered 503', 'POST', json({ code: 'busy' }, {}, 503), '503 busy', 1],
  ] as const)('%s', async (_name, method, listener, expected, tries) => {
    service.listener = listener;
    expect(await ask(method)).toBe(expected);
    expect(service.requests).toHaveLength(tries);
  });

  test('stop when their budget is used up, so that a weak service is not asked twice as much', async () => {
    // A third fails: not enough for the breaker.
    let answers = 0;
    service.listener = (request, response) => {
      answers += 1;
      json({}, {}, answers % 3 === 0 ? 503 : 200)(request, response);
    };
    for (let index = 0; index < 600; index += 1) await ask();
    expect(service.requests).toHaveLength(600 + 100 + 0.2 * 600);
  });
});

describe('a connection that cannot be made', () => {
  test('is tried once more, with the whole body, while a service is being replaced', async () => {
    const port = await deadPort();
    let tries = 0;
    const bodies: Promise<string>[] = [];
    const replacement = createServer((request, response) => {
      bodies.push(text(request));
      response.end('{}');
    });
    const starting = { promise: Promise.resolve() };
    const upstream = new Upstream({
      service: 'orders',
      url: `http://127.0.0.1:${port}`,
      connectionsMax: 4,
      clock: systemClock,
      // Asked for right before the pause: the new process is up when it is over.
      random() {
        tries += 1;
        starting.promise = listen(replacement, port);
        return 4;
      },
    });
    const source = createServer((request, response) => {
      void send(upstream, request).then((answer) => response.end(String(answer.statusCode)));
    });
    await listen(source, 0);
    const answer = await fetch(`http://127.0.0.1:${portOf(source)}/api/v1/orders`, {
      method: 'POST',
      body: 'the whole body',
    });
    expect(await answer.text()).toBe('200');
    expect(await Promise.all(bodies)).toEqual(['the whole body']);
    expect(tries).toBe(1);
    await starting.promise;
    upstream.close();
    await stop(source);
    await stop(replacement);
  });
});

function send(upstream: Upstream, request: IncomingMessage): Promise<IncomingMessage> {
  return upstream.send({
    method: request.method ?? 'GET',
    target: request.url ?? '/',
    route: '/things',
    headers: { 'content-length': String(request.headers['content-length']) },
    body: request,
    onBodyStart: undefined,
    stream: false,
    deadlineMs: systemClock.monotonicMs() + 5000,
    signal: new AbortController().signal,
  });
}

describe('the circuit breaker', () => {
  const failing = json({ code: 'internal_error' }, {}, 500);

  async function openBreaker(): Promise<void> {
    service.listener = failing;
    for (let index = 0; index < 20; index += 1) expect(await ask()).toBe('500 internal_error');
    service.requests.length = 0;
  }

  test('opens after twenty failures: the service is left alone, the client is told for how long', async () => {
    await openBreaker();
    const refused = await gateway.fetch('/api/v1/orders', { headers });
    expect(await refused.json()).toMatchObject({ status: 503, code: 'service_unavailable' });
    expect(refused.headers.get('retry-after')).toBe('5');
    expect(service.requests).toHaveLength(0);
  });

  test('closes again after a probe that succeeds', async () => {
    await openBreaker();
    clock.advance(5000);
    service.listener = json({});
    expect(await ask()).toBe('200 ok');
    expect(await ask()).toBe('200 ok');
  });

  test('asks one probe at a time, and stays open when it fails', async () => {
    await openBreaker();
    clock.advance(5000);
    let fail = () => {};
    service.listener = (request, response) => {
      fail = () => failing(request, response);
    };
    const probe = ask();
    await expect.poll(() => service.requests.length).toBe(1);
    expect(await ask()).toBe('503 service_unavailable');
    fail();
    expect(await probe).toBe('500 internal_error');
    expect(await ask()).toBe('503 service_unavailable');
    expect(service.requests).toHaveLength(1);
  });

  test('gives the place of a probe whose client left to the next one', async () => {
    await openBreaker();
    clock.advance(5000);
    service.listener = () => {};
    const leaving = new AbortController();
    const probe = gateway.fetch('/api/v1/orders', { headers, signal: leaving.signal });
    await expect.poll(() => service.requests.length).toBe(1);
    leaving.abort();
    await expect(probe).rejects.toThrow('aborted');
    service.listener = json({});
    await expect.poll(() => ask()).toBe('200 ok');
  });

  test('does not take a service for dead that says when to come back', async () => {
    service.listener = json({ code: 'password_check_busy' }, { 'retry-after': '1' }, 503);
    for (let index = 0; index < 30; index += 1) expect(await ask()).toBe('503 password_check_busy');
  });

  test('does not blame the service for clients that are refused', async () => {
    service.listener = json({ code: 'order_missing' }, {}, 404);
    for (let index = 0; index < 30; index += 1) expect(await ask()).toBe('404 order_missing');
  });
});
