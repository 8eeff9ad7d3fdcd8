import { describe, expect, test } from 'vitest';
import { toClient, toService, varyOf } from './headers.ts';

describe('toService', () => {
  test('lets through what is the client’s to say', () => {
    const headers = { accept: 'application/json', 'idempotency-key': 'k', 'x-tenant': 'acme' };
    expect(toService(headers)).toEqual(headers);
  });

  test.each([
    'authorization',
    'connection',
    'expect',
    'forwarded',
    'host',
    'keep-alive',
    'proxy-authorization',
    'te',
    'traceparent',
    'tracestate',
    'trailer',
    'transfer-encoding',
    'true-client-ip',
    'upgrade',
    'via',
    'x-api-key',
    'x-client-ip',
    'x-forwarded-for',
    'x-forwarded-host',
    'x-forwarded-proto',
    'x-real-ip',
    'x-request-id',
    'x-user-id',
    'x-user-roles',
    'x-zoco-client-ip',
    'x-zoco-service-token',
    'x-zoco-timeout-ms',
  ])('keeps %s back', (name) => {
    expect(toService({ [name]: 'forged', accept: '*/*' })).toEqual({ accept: '*/*' });
  });

  test('keeps back what Connection names', () => {
    expect(toService({ connection: 'close, X-Secret', 'x-secret': '1', accept: '*/*' })).toEqual({
      accept: '*/*',
    });
  });
});

test('toClient keeps back headers of the connection and those that the gateway sets', () => {
  const raw = [
    ['Content-Type', 'text/plain'],
    ['Connection', 'x-hop'],
    ['X-Hop', '1'],
    ['Keep-Alive', 'timeout=5'],
    ['Transfer-Encoding', 'chunked'],
    ['Access-Control-Allow-Origin', '*'],
    ['X-Zoco-Internal', '1'],
    ['Server', 'node'],
    ['Vary', 'Accept'],
    ['Set-Cookie', 'a=1'],
    ['Set-Cookie', 'b=2'],
  ].flat();
  expect(toClient(raw)).toEqual(['content-type', 'text/plain', 'set-cookie', 'a=1', 'set-cookie', 'b=2']);
});

test.each([
  [undefined, 'Origin'],
  ['Accept-Language', 'Accept-Language, Origin'],
  ['accept, origin', 'accept, origin'],
  ['*', '*'],
])('varyOf(%s) → %s', (vary, expected) => {
  expect(varyOf(vary)).toBe(expected);
});
