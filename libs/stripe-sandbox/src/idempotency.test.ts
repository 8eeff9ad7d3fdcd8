import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { testOptions } from './config.ts';
import { startStripeSandbox, type StripeSandbox } from './start.ts';

let sandbox: StripeSandbox;

beforeAll(async () => {
  sandbox = await startStripeSandbox(testOptions());
});
beforeEach(() => sandbox.clearFaults());
afterAll(() => sandbox[Symbol.asyncDispose]());

let sequence = 0;
const newKey = () => `key-${(sequence += 1)}`;
const charge = { amount: '700', currency: 'eur', confirm: 'true', payment_method: 'pm_card_visa' };

/** Straight HTTP: the SDK would hide headers and repeat by itself. */
async function post(key: string, params: Record<string, string> = charge, path = '/v1/payment_intents') {
  const response = await fetch(`${sandbox.url}${path}`, {
    method: 'POST',
    headers: { authorization: 'Bearer sk_test_sandbox', 'idempotency-key': key },
    body: new URLSearchParams(params),
  });
  const text = await response.text();
  return {
    status: response.status,
    text,
    replayed: response.headers.get('idempotent-replayed') === 'true',
    retry: response.headers.get('stripe-should-retry'),
  };
}

const charges = () => sandbox.journal({ type: 'charge.succeeded' }).length;

describe('a key that was executed', () => {
  test('gives the same bytes again and charges once, also in another order of parameters', async () => {
    const key = newKey();
    const count = charges();
    const first = await post(key);
    const again = await post(key, Object.fromEntries(Object.entries(charge).toReversed()));
    expect(again).toEqual({ ...first, replayed: true });
    expect(charges()).toBe(count + 1);
  });

  test.each([
    ['a decline', 402, { ...charge, payment_method: 'pm_card_chargeDeclined' }],
    ['a card that does not exist', 400, { ...charge, payment_method: 'pm_nobody' }],
  ])('keeps %s', async (_name, status, params) => {
    const key = newKey();
    const first = await post(key, params);
    expect(first.status).toBe(status);
    expect(await post(key, params)).toEqual({ ...first, replayed: true });
  });

  test('refuses other parameters and another endpoint', async () => {
    const key = newKey();
    await post(key);
    for (const other of [
      await post(key, { ...charge, amount: '701' }),
      await post(key, charge, '/v1/refunds'),
    ]) {
      expect(other.status).toBe(400);
      expect(other.text).toContain('idempotency_error');
    }
  });
});

test('a request that failed validation leaves its key unused', async () => {
  const key = newKey();
  expect((await post(key, { currency: 'eur' })).status).toBe(400);
  expect(await post(key)).toMatchObject({ status: 200, replayed: false });
});

test('a key in use is a 409, with other parameters a 400; afterwards it gives the answer', async () => {
  const key = newKey();
  sandbox.addFault({ kind: 'stall', delay_ms: 300 });
  const first = post(key);
  const inUse = async () => {
    const twin = await post(key);
    return twin.status === 409 ? twin : Promise.reject(new Error('not in use yet'));
  };
  await expect.poll(inUse).toMatchObject({ status: 409, retry: 'true' });
  expect((await post(key, { ...charge, amount: '701' })).status).toBe(400);
  expect((await first).status).toBe(200);
  expect(await post(key)).toMatchObject({ status: 200, replayed: true });
});

test('a key is forgotten after its time: the same request is a new one', async () => {
  await using other = await startStripeSandbox(testOptions({ keyTtlSeconds: 0 }));
  const send = () =>
    fetch(`${other.url}/v1/payment_intents`, {
      method: 'POST',
      headers: { authorization: 'Bearer sk_test_sandbox', 'idempotency-key': 'k' },
      body: new URLSearchParams(charge),
    });
  await send();
  await send();
  expect(other.journal({ type: 'charge.succeeded' })).toHaveLength(2);
});

test('a key may have 255 characters', async () => {
  expect((await post('k'.repeat(255))).status).toBe(200);
  expect((await post('k'.repeat(256))).status).toBe(400);
});

describe('faults', () => {
  test('commit_then_500: charged, and the 500 is what the key keeps', async () => {
    const key = newKey();
    const count = charges();
    sandbox.addFault({ kind: 'commit_then_500' });
    expect(await post(key)).toMatchObject({ status: 500, replayed: false, retry: 'false' });
    expect(await post(key)).toMatchObject({ status: 500, replayed: true });
    expect(charges()).toBe(count + 1);
  });

  test('fail_500: the key keeps the 500, and nothing was charged', async () => {
    const key = newKey();
    const count = charges();
    sandbox.addFault({ kind: 'fail_500' });
    expect((await post(key)).status).toBe(500);
    expect(await post(key)).toMatchObject({ status: 500, replayed: true });
    expect(charges()).toBe(count);
  });

  test.each(['rate_limit', 'unavailable'] as const)(
    '%s: nothing is done and nothing is kept',
    async (kind) => {
      const key = newKey();
      const count = charges();
      sandbox.addFault({ kind });
      expect(await post(key)).toMatchObject({ status: kind === 'rate_limit' ? 429 : 503, retry: 'true' });
      expect(charges()).toBe(count);
      expect(await post(key)).toMatchObject({ status: 200, replayed: false });
    },
  );

  test('commit_then_hang and commit_then_drop: charged, and nobody was told', async () => {
    for (const kind of ['commit_then_hang', 'commit_then_drop'] as const) {
      const key = newKey();
      const count = charges();
      sandbox.addFault({ kind });
      const silent = fetch(`${sandbox.url}/v1/payment_intents`, {
        method: 'POST',
        headers: { authorization: 'Bearer sk_test_sandbox', 'idempotency-key': key },
        body: new URLSearchParams(charge),
        signal: AbortSignal.timeout(200),
      });
      await expect(silent).rejects.toThrow(/aborted|fetch failed/);
      expect(charges()).toBe(count + 1);
      await expect.poll(() => post(key)).toMatchObject({ status: 200, replayed: true });
    }
  });

  test('a fault is aimed at an operation and an order', async () => {
    sandbox.addFault({ kind: 'fail_500', operation: 'payment_intents.create', order_id: 'ord_aim' });
    expect((await post(newKey())).status).toBe(200);
    expect((await post(newKey(), { ...charge, 'metadata[order_id]': 'ord_aim' })).status).toBe(500);
    expect((await post(newKey(), { ...charge, 'metadata[order_id]': 'ord_aim' })).status).toBe(200);
  });

  test('they are set over HTTP', async () => {
    const send = (body: object) =>
      fetch(`${sandbox.url}/sandbox/faults`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(body),
      });
    expect((await send({ kind: 'rate_limit', times: 2 })).status).toBe(201);
    expect((await send({ kind: 'earthquake' })).status).toBe(422);
    expect((await post(newKey())).status).toBe(429);
    await fetch(`${sandbox.url}/sandbox/faults`, { method: 'DELETE' });
    expect((await post(newKey())).status).toBe(200);
  });
});
