import { describe, expect, inject, test } from 'vitest';
import { createApi, problem, type RequestOptions } from '../src/api.ts';

const api = createApi(inject('gatewayUrl'));
const good = { sku: 'bad-input', name: 'Never written', price_cents: 100, stock: 1 };
const json = { 'content-type': 'application/json' };
const deep = `${'{"a":'.repeat(200)}1${'}'.repeat(200)}`;

const cases: [string, RequestOptions, number, string[]][] = [
  ['a wrong type', { body: { ...good, price_cents: '100' } }, 422, ['price_cents']],
  ['an unknown field', { body: { ...good, admin: true } }, 422, ['admin']],
  ['a negative price', { body: { ...good, price_cents: -1 } }, 422, ['price_cents']],
  ['a fractional price', { body: { ...good, price_cents: 1.5 } }, 422, ['price_cents']],
  ['10^400', { raw: JSON.stringify(good).replace(':100', ':1e400'), headers: json }, 422, ['price_cents']],
  ['a number past 2^53', { body: { ...good, price_cents: 2 ** 60 } }, 422, ['price_cents']],
  ['a NUL in a string', { body: { ...good, name: 'a\0b' } }, 422, ['name']],
  [
    'a lone surrogate',
    { raw: JSON.stringify(good).replace('Never', '\\ud800'), headers: json },
    422,
    ['name'],
  ],
  ['a megabyte', { body: { ...good, description: 'x'.repeat(1024 * 1024) } }, 413, []],
  [
    'bytes that are no UTF-8',
    { raw: new Uint8Array([0x7b, 0x22, 0xff, 0xfe, 0x22, 0x7d]), headers: json },
    400,
    [],
  ],
  ['deep JSON', { raw: deep, headers: json }, 400, []],
  ['broken JSON', { raw: '{"sku":', headers: json }, 400, []],
  ['an array', { body: [] }, 422, ['body']],
  ['another media type', { raw: 'sku=1', headers: { 'content-type': 'text/plain' } }, 415, []],
  ['a compressed body', { body: good, headers: { 'content-encoding': 'gzip' } }, 415, []],
  [
    '__proto__',
    { raw: `{"__proto__":{"a":1},${JSON.stringify(good).slice(1)}`, headers: json },
    422,
    ['__proto__'],
  ],
];

describe('POST /products refuses', () => {
  test.each(cases)('%s', async (_name, options, status, fields) => {
    const token = await api.demo('acme', 'staff');
    const answer = await api.request('POST', '/products', { ...options, token });
    const document = problem.parse(answer.body);
    expect([answer.status, answer.headers.get('content-type')]).toEqual([status, 'application/problem+json']);
    expect((document.errors ?? []).map((error) => error.field)).toEqual(expect.arrayContaining(fields));
  });

  test('and nothing was written', async () => {
    const token = await api.demo('acme', 'staff');
    const answer = await api.request('GET', '/products/search?q=Never%20written', { token });
    expect(answer).toMatchObject({ status: 200, body: { data: [] } });
  });
});

test.each([
  '/products?limit=0',
  '/products?limit=abc',
  '/products?cursor=AAAA',
  '/products?cursor=%00',
  '/products?sort=price;drop table products',
  '/products?min_price_cents=-5',
  '/products?nope=1',
  '/products/search',
  `/products/search?q=${'x'.repeat(5000)}`,
  '/products/search?q=%27%20or%201%3D1--',
  '/products/search?q=%26%7C%21%3A%2A%28',
  '/products/%00',
  '/products/..%2f..%2finternal%2ftenants',
])('GET %s never fails on our side', async (path) => {
  const token = await api.demo('acme', 'buyer');
  const answer = await api.request('GET', path, { token });
  expect(answer.status).toBeLessThan(500);
  if (answer.status >= 400) problem.parse(answer.body);
});
