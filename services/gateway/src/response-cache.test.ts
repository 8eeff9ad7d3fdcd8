import { createTestTokens, testTenant } from '@zoco/testing';
import { afterAll, afterEach, beforeEach, describe, expect, test } from 'vitest';
import { manualClock } from '../fixtures/manual-clock.ts';
import { startGateway, type TestGateway } from '../fixtures/test-gateway.ts';
import { json, startUpstream } from '../fixtures/test-upstream.ts';

const tokens = await createTestTokens();
const [shop, other] = [testTenant({ hostnames: ['127.0.0.1'] }), testTenant()];
const clock = manualClock();
const service = await startUpstream(json({}));
afterAll(() => service[Symbol.asyncDispose]());

let gateway: TestGateway;
beforeEach(async () => {
  service.requests.length = 0;
  gateway = await startGateway({ tokens, clock, tenants: [shop, other], env: { CATALOG_URL: service.url } });
});
afterEach(() => gateway[Symbol.asyncDispose]());

const cacheable = { 'cache-control': 'public, max-age=60', etag: '"v1"', vary: 'Accept-Language' };

async function get(headers: Record<string, string> = {}, path = '/api/v1/products') {
  const response = await gateway.fetch(path, { headers });
  return { status: response.status, body: await response.text(), headers: response.headers };
}

describe('answers that a service marks as cacheable', () => {
  test('are kept for their time', async () => {
    service.listener = json({ version: 1 }, cacheable);
    const first = await get();
    service.listener = json({ version: 2 }, cacheable);
    clock.advance(59_000);
    const second = await get();
    expect(second).toMatchObject({ status: 200, body: first.body });
    expect(second.headers.get('age')).toBe('59');
    expect(second.headers.get('etag')).toBe('"v1"');
    expect(second.headers.get('vary')).toBe('Accept-Language, Origin');
    expect(second.headers.get('cache-control')).toBe('public, max-age=60');
    expect(service.requests).toHaveLength(1);
    clock.advance(1000);
    expect((await get()).body).toBe('{"version":2}');
  });

  test('each answer has its own request id and limits', async () => {
    service.listener = json({}, cacheable);
    const ids = [await get(), await get()].map(({ headers }) => headers.get('x-request-id'));
    expect(ids[0]).not.toBe(ids[1]);
    expect((await get()).headers.get('ratelimit')).toMatch(/r=97/);
  });

  test('are validated when their time is over, and go on when they are still right', async () => {
    service.listener = json({ version: 1 }, cacheable);
    await get();
    clock.advance(60_000);
    service.listener = (_request, response) => {
      response.writeHead(304, { ...cacheable, 'cache-control': 'public, max-age=10', 'x-news': '1' }).end();
    };
    const renewed = await get();
    expect(service.requests[1]?.headers['if-none-match']).toBe('"v1"');
    expect(renewed).toMatchObject({ status: 200, body: '{"version":1}' });
    expect(renewed.headers.get('cache-control')).toBe('public, max-age=10');
    expect(renewed.headers.get('x-news')).toBe('1');
    clock.advance(9000);
    await get();
    expect(service.requests).toHaveLength(2);
  });

  test('with no-cache they are validated each time', async () => {
    service.listener = json({ version: 1 }, { 'cache-control': 'public, no-cache', etag: '"v1"' });
    await get();
    service.listener = json({ version: 2 }, { 'cache-control': 'public, no-cache', etag: '"v2"' });
    expect((await get()).body).toBe('{"version":2}');
    expect(service.requests[1]?.headers['if-none-match']).toBe('"v1"');
  });

  test('a client that has the answer is told so: 304', async () => {
    service.listener = json({ version: 1 }, cacheable);
    await get();
    const known = await get({ 'if-none-match': 'W/"v1"' });
    expect(known).toMatchObject({ status: 304, body: '' });
    expect(known.headers.get('etag')).toBe('"v1"');
    expect((await get({ 'if-none-match': '"v0"' })).status).toBe(200);
    expect(service.requests).toHaveLength(1);
  });

  test('are one per tenant, however it is named, per path and query, and per language', async () => {
    service.listener = (request, response) =>
      json({ for: request.headers['x-tenant'], url: request.url }, cacheable)(request, response);
    await get();
    expect((await get({ 'x-tenant': shop.id })).body).toContain(shop.id);
    expect(service.requests).toHaveLength(1);
    expect((await get({ 'x-tenant': other.id })).body).toContain(other.id);
    expect((await get({ 'x-tenant': shop.id }, '/api/v1/products?q=1')).body).toContain('q=1');
    expect((await get({ 'accept-language': 'es' })).status).toBe(200);
    expect(service.requests).toHaveLength(4);
  });
});

describe('never kept', () => {
  const expectAskedTwice = async (headers: Record<string, string> = {}) => {
    await get(headers);
    await get(headers);
    expect(service.requests).toHaveLength(2);
  };

  test('answers to somebody who is signed in', async () => {
    service.listener = json({ mine: true }, cacheable);
    await expectAskedTwice({ authorization: `Bearer ${await tokens.sign({ tenantId: shop.id })}` });
    expect((await get()).body).toBe('{"mine":true}');
    expect(service.requests).toHaveLength(3);
  });

  test('answers of an unknown tenant', async () => {
    service.listener = json({}, cacheable);
    await expectAskedTwice({ 'x-tenant': 'nobody' });
  });

  test('failures', async () => {
    service.listener = json({}, cacheable, 404);
    await expectAskedTwice();
  });

  test('what is private', async () => {
    service.listener = json({}, { ...cacheable, 'cache-control': 'private, max-age=60' });
    await expectAskedTwice();
  });

  test('what depends on more than the key', async () => {
    service.listener = json({}, { ...cacheable, vary: 'User-Agent' });
    await expectAskedTwice();
  });

  test('large answers', async () => {
    service.listener = json({ text: 'x'.repeat(300_000) }, cacheable);
    await expectAskedTwice();
  });

  test('an answer that breaks off', async () => {
    service.listener = (_request, response) => {
      response.writeHead(200, { ...cacheable, 'content-length': '100' });
      response.write('half', () => response.destroy());
    };
    expect(await get()).toMatchObject({ status: 503 });
    service.listener = json({ whole: true }, cacheable);
    expect((await get()).body).toBe('{"whole":true}');
  });
});
