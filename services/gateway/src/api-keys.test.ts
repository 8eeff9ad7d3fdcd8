import { Problem } from '@zoco/kernel';
import { CallOutcomeUnknown, type CallService } from '@zoco/service';
import { createTestTokens, testTenant } from '@zoco/testing';
import { beforeEach, describe, expect, test } from 'vitest';
import { manualClock } from '../fixtures/manual-clock.ts';
import { startGateway } from '../fixtures/test-gateway.ts';
import { json, startUpstream } from '../fixtures/test-upstream.ts';
import { createApiKeys } from './api-keys.ts';

const KEY = `zk_acme.${'a'.repeat(43)}`;
const refused = new Problem('unauthenticated', 'api_key_invalid', 'no');

let asked: unknown[] = [];
beforeEach(() => {
  asked = [];
});

/** `users`, as the gateway sees it: a call that answers, or fails. */
function usersAnswers(...answers: (object | Error)[]): CallService {
  return async (_name, schema, options) => {
    asked.push(options?.body);
    const answer = answers.length > 1 ? answers.shift() : answers[0];
    if (answer instanceof Error) throw answer;
    return schema.parse(answer);
  };
}

const grant = (token: string, seconds = 300) => ({ access_token: token, expires_in: seconds });

describe('exchange of API keys', () => {
  test('asks once a minute', async () => {
    const clock = manualClock();
    const keys = createApiKeys(usersAnswers(grant('one'), grant('two')), clock);
    expect(await keys.exchange(KEY)).toBe('one');
    clock.advance(59_999);
    expect(await keys.exchange(KEY)).toBe('one');
    clock.advance(1);
    expect(await keys.exchange(KEY)).toBe('two');
    expect(asked).toEqual([{ api_key: KEY }, { api_key: KEY }]);
  });

  test('and sooner when the token ends sooner: half a minute before', async () => {
    const clock = manualClock();
    const keys = createApiKeys(usersAnswers(grant('one', 40), grant('two')), clock);
    await keys.exchange(KEY);
    clock.advance(9999);
    expect(await keys.exchange(KEY)).toBe('one');
    clock.advance(1);
    expect(await keys.exchange(KEY)).toBe('two');
  });

  test('asks once for all who come at a time', async () => {
    const keys = createApiKeys(usersAnswers(grant('one')), manualClock());
    const tokens = await Promise.all([keys.exchange(KEY), keys.exchange(KEY), keys.exchange(KEY)]);
    expect(tokens).toEqual(['one', 'one', 'one']);
    expect(asked).toHaveLength(1);
  });

  test('remembers for five seconds that a key is not valid', async () => {
    const clock = manualClock();
    const keys = createApiKeys(usersAnswers(refused, grant('one')), clock);
    await expect(keys.exchange(KEY)).rejects.toMatchObject({ code: 'api_key_invalid' });
    clock.advance(4999);
    await expect(keys.exchange(KEY)).rejects.toMatchObject({ code: 'api_key_invalid' });
    expect(asked).toHaveLength(1);
    clock.advance(1);
    expect(await keys.exchange(KEY)).toBe('one');
  });

  test('does not remember that users was away', async () => {
    const keys = createApiKeys(
      usersAnswers(new CallOutcomeUnknown('users', undefined), grant('one')),
      manualClock(),
    );
    await expect(keys.exchange(KEY)).rejects.toMatchObject({ code: 'service_unavailable' });
    expect(await keys.exchange(KEY)).toBe('one');
  });
});

test('a service sees the token of a key and never the key', async () => {
  const shop = testTenant();
  const tokens = await createTestTokens();
  const token = await tokens.sign({ tenantId: shop.id, roles: ['staff'], scope: 'orders:read' });
  await using service = await startUpstream(json({}));
  await using gateway = await startGateway({
    tokens,
    tenants: [shop],
    call: usersAnswers(grant(token)),
    env: { ORDERS_URL: service.url },
  });
  for (const headers of [{ authorization: `Bearer ${KEY}` }, { 'x-api-key': KEY }]) {
    expect((await gateway.fetch('/api/v1/orders', { headers })).status).toBe(200);
    expect(service.requests.at(-1)?.headers.authorization).toBe(`Bearer ${token}`);
    expect(JSON.stringify(service.requests.at(-1)?.headers)).not.toContain(KEY);
  }
  expect(asked).toHaveLength(1);
});

test('a wrong key is refused at the door', async () => {
  await using service = await startUpstream(json({}));
  await using gateway = await startGateway({ call: usersAnswers(refused), env: { ORDERS_URL: service.url } });
  const response = await gateway.fetch('/api/v1/orders', { headers: { 'x-api-key': KEY } });
  expect(await response.json()).toMatchObject({ status: 401, code: 'api_key_invalid' });
  expect(service.requests).toHaveLength(0);
});
