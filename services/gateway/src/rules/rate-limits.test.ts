import { testTenant } from '@zoco/testing';
import { describe, expect, test } from 'vitest';
import { failedTokenLimit, limitsOf, rateLimitHeaders } from './rate-limits.ts';

const defaults = {
  address: { requests: 300, window_seconds: 10 },
  webhook: { requests: 200, window_seconds: 1 },
};
const tenant = testTenant({
  rate_limits: {
    user: { requests: 100, window_seconds: 10 },
    tenant: { requests: 1000, window_seconds: 10 },
    checkout: { requests: 20, window_seconds: 60 },
  },
});
const principal = { id: 'usr_1', tenantId: tenant.id };
const nobody = {
  tenant: undefined,
  principal: undefined,
  address: '192.0.2.1',
  checkout: false,
  webhook: false,
};

const told = (requester: Partial<Parameters<typeof limitsOf>[0]>) =>
  limitsOf({ ...nobody, ...requester }, defaults).map(
    ({ policy, key, requests, windowSeconds }) => `${policy} ${key} ${requests}/${windowSeconds}`,
  );

describe('limitsOf', () => {
  test('a signed-in user: the account and the tenant', () => {
    expect(told({ tenant, principal })).toEqual([
      `user ${tenant.id}:usr_1 100/10`,
      `tenant ${tenant.id} 1000/10`,
    ]);
  });

  test('a visitor of a tenant: the address and the tenant', () => {
    expect(told({ tenant })).toEqual([
      `address ${tenant.id}:192.0.2.1 100/10`,
      `tenant ${tenant.id} 1000/10`,
    ]);
  });

  test('buying has a limit of its own', () => {
    expect(told({ tenant, principal, checkout: true })[0]).toBe(`checkout checkout:${tenant.id}:usr_1 20/60`);
  });

  test('nobody knows the tenant: only the address', () => {
    expect(told({})).toEqual(['address :192.0.2.1 300/10']);
  });

  test('webhooks count for themselves', () => {
    expect(told({ webhook: true, tenant })).toEqual(['webhook webhook:192.0.2.1 200/1']);
  });

  test('keys of different kinds never meet', () => {
    const keys = [
      ...limitsOf({ ...nobody, tenant, principal, checkout: true }, defaults),
      ...limitsOf({ ...nobody, tenant }, defaults).slice(0, 1),
      ...limitsOf(nobody, defaults),
      ...limitsOf({ ...nobody, webhook: true }, defaults),
      failedTokenLimit('192.0.2.1', defaults),
    ].map(({ key }) => key);
    expect(new Set(keys).size).toBe(keys.length);
  });
});

describe('rateLimitHeaders', () => {
  const states = limitsOf({ ...nobody, tenant, principal }, defaults).map((limit) => ({
    limit,
    remaining: 7,
    resetSeconds: 3,
  }));

  test('tell the narrow limits, and keep the sales of the shop to itself', () => {
    expect(rateLimitHeaders(states)).toEqual([
      'ratelimit-policy',
      '"user";q=100;w=10',
      'ratelimit',
      '"user";r=7;t=3',
    ]);
  });

  test('tell the limit of the tenant to whom it stops', () => {
    expect(rateLimitHeaders(states, states[1]?.limit)[1]).toBe('"user";q=100;w=10, "tenant";q=1000;w=10');
  });
});
