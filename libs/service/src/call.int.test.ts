import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { SpanKind } from '@opentelemetry/api';
import { Problem } from '@zoco/kernel';
import { createTestTokens } from '@zoco/testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { CallOutcomeUnknown, createCaller, SERVICE_TOKEN_HEADER, TIMEOUT_HEADER } from './call.ts';
import { inSpan, startTelemetry } from './telemetry.ts';

interface Asked {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}
type Given = { status: number; body?: string; headers?: Record<string, string> } | 'silence' | 'hang up';

const ok: Given = { status: 200, body: '{"ok":true}' };
const refusal = (status: number, code: string): Given => ({
  status,
  body: JSON.stringify({ code, detail: 'No.' }),
});
const answer = z.object({ ok: z.boolean() });
let telemetry: AsyncDisposable;
let tokens: Awaited<ReturnType<typeof createTestTokens>>;

beforeAll(async () => {
  tokens = await createTestTokens();
  telemetry = await startTelemetry({ service: 'test', version: 'test', sampleRatio: 1 });
});
afterAll(() => telemetry[Symbol.asyncDispose]());

/** orders calling a catalog that answers as told. */
async function world(give: (times: number) => Given) {
  const asked: Asked[] = [];
  const server = createServer((request, response) => {
    void (async () => {
      const { method = '', url = '', headers } = request;
      asked.push({ method, url, headers, body: await text(request) });
      const given = give(asked.length);
      if (given === 'silence') return;
      if (given === 'hang up') {
        request.socket.destroy();
        return;
      }
      response.writeHead(given.status, given.headers);
      response.end(given.body);
    })();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    asked,
    call: createCaller(await tokens.identity('orders'), { catalog: url }),
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

const reserve = { params: { order_id: 'ord_1' }, body: { lines: [] }, tenantId: 'acme' };

test('carries who calls, for whom, about what, until when, and in which trace', async () => {
  await using w = await world(() => ok);
  await inSpan('request', { kind: SpanKind.SERVER }, () =>
    w.call('reserve', answer, {
      ...reserve,
      params: { order_id: 'a/../b?c' },
      userToken: 'u.s.r',
      timeoutMs: 700,
    }),
  );
  const [request] = w.asked;
  expect(request).toMatchObject({
    method: 'PUT',
    url: '/internal/reservations/a%2F..%2Fb%3Fc',
    body: '{"lines":[]}',
    headers: {
      authorization: 'Bearer u.s.r',
      'x-tenant': 'acme',
      'content-type': 'application/json',
      [TIMEOUT_HEADER]: '700',
      traceparent: expect.stringMatching(/^00-[0-9a-f]{32}-/) as string,
    },
  });
  const catalog = await tokens.identity('catalog');
  expect(await catalog.verify(String(request?.headers[SERVICE_TOKEN_HEADER]))).toBe('orders');
});

test('an answer without a body is undefined', async () => {
  await using w = await world(() => ({ status: 204 }));
  expect(await w.call('release', z.undefined(), { params: { order_id: 'ord_1' } })).toBeUndefined();
});

describe('a refusal is the callee’s own Problem, told once', () => {
  test.each([400, 401, 403, 404, 409, 410, 412, 413, 415, 422])('%i', async (status) => {
    await using w = await world(() => refusal(status, 'stock_insufficient'));
    const problem = await w.call('reserve', answer, reserve).catch((error: unknown) => error);
    expect(problem).toMatchObject({ status, code: 'stock_insufficient', message: 'No.' });
    expect(problem).not.toBeInstanceOf(CallOutcomeUnknown);
    expect(w.asked).toHaveLength(1);
  });
});

test('a refusal keeps what it says beyond the standard members, when to come again, and where to look', async () => {
  const body = JSON.stringify({
    code: 'c_c',
    detail: 'No.',
    status: 409,
    instance: '/internal',
    order_id: 'o',
  });
  await using w = await world((times) => ({
    status: 409,
    body,
    headers: { 'retry-after': times === 1 ? '5' : 'Sun, 22 Nov 2026 12:00:00 GMT', location: '/o' },
  }));
  const ask = () => w.call('reserve', answer, reserve).catch((error: unknown) => error);
  const { extensions, retryAfterSeconds, location } = z.instanceof(Problem).parse(await ask());
  expect({ extensions, retryAfterSeconds, location }).toEqual({
    extensions: { order_id: 'o' },
    retryAfterSeconds: 5,
    location: '/o',
  });
  expect(await ask()).toMatchObject({ code: 'c_c', retryAfterSeconds: undefined });
});

describe('what does not tell the outcome is asked again with the same request', () => {
  test.each<[string, Given]>([
    ['a 500', refusal(500, 'internal_error')],
    ['a 503', refusal(503, 'service_overloaded')],
    ['a 429', refusal(429, 'rate_limited')],
    ['a 408', refusal(408, 'body_timeout')],
    ['no answer in time', 'silence'],
    ['a connection that breaks', 'hang up'],
    ['half an answer', { status: 200, body: '{"ok":', headers: {} }],
    ['a redirect', { status: 302, headers: { location: 'http://127.0.0.1:9/' } }],
    ['a refusal without a problem document', { status: 404, body: '<html>' }],
    ['a status that nobody uses', { status: 418, body: '{}' }],
  ])('%s', async (_what, given) => {
    await using w = await world((times) => (times === 1 ? given : ok));
    expect(await w.call('reserve', answer, { ...reserve, timeoutMs: 200 })).toEqual({ ok: true });
    expect(w.asked).toHaveLength(2);
    expect(w.asked[1]?.body).toBe(w.asked[0]?.body);
  });

  test('and in the end is unknown, which is a 503 and never a refusal', async () => {
    await using w = await world(() => refusal(500, 'internal_error'));
    const unknown = await w
      .call('reserve', answer, { ...reserve, retries: 1 })
      .catch((error: unknown) => error);
    expect(unknown).toBeInstanceOf(CallOutcomeUnknown);
    expect(unknown).toMatchObject({ status: 503, code: 'service_unavailable', retryAfterSeconds: 1 });
    expect(w.asked).toHaveLength(2);
  });
});

test('an answer of another shape is a bug, not an outcome', async () => {
  await using w = await world(() => ({ status: 200, body: '{"ok":"yes"}' }));
  await expect(w.call('reserve', answer, reserve)).rejects.toThrow(z.ZodError);
});

test('a callee or a parameter that is missing is a bug', async () => {
  await using w = await world(() => ok);
  await expect(w.call('voidPayment', answer, { params: { order_id: 'o' } })).rejects.toThrow(
    'no URL is configured',
  );
  await expect(w.call('reserve', answer)).rejects.toThrow('needs order_id');
});
