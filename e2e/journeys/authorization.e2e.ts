import { CALLS } from '@zoco/contracts';
import { describe, expect, inject, test } from 'vitest';
import { z } from 'zod';
import { createApi, problem } from '../src/api.ts';

const api = createApi(inject('gatewayUrl'));
const access = z.object({
  kind: z.string(),
  role: z.enum(['customer', 'staff', 'admin', 'platform']).optional(),
});
const operation = z.object({ 'x-zoco-access': access.optional() });
const document = z.object({ paths: z.record(z.string(), z.record(z.string(), operation)) });

const RANK = { customer: 0, staff: 1, admin: 2, platform: 3 } as const;
const PRINCIPALS = [
  ['buyer', 0],
  ['staff', 1],
  ['admin', 2],
] as const;

/** A well-formed id of everything that a path can ask for; none of them exists. */
const ABSENT: Readonly<Record<string, string>> = {
  tenant_id: 'no-such-tenant',
  order_id: 'ord_01jqb3k5xwf7kt3qk5v1y6zj3m',
  product_id: 'prd_01jqb3k5xwf7kt3qk5v1y6zj3m',
  user_id: 'usr_01jqb3k5xwf7kt3qk5v1y6zj3m',
  id: 'prd_01jqb3k5xwf7kt3qk5v1y6zj3m',
};

const merged = await fetch(`${inject('gatewayUrl')}/openapi.json`);
const routes = Object.entries(document.parse(await merged.json()).paths).flatMap(([path, operations]) =>
  Object.entries(operations).map(([method, { 'x-zoco-access': rule }]) => ({
    method: method.toUpperCase(),
    path,
    rule,
  })),
);

test('every public route declares who may call it, and none is internal', () => {
  expect(routes.length).toBeGreaterThan(40);
  expect(routes.filter(({ rule }) => rule === undefined || rule.kind === 'internal')).toEqual([]);
});

describe.each(routes.filter(({ rule }) => rule?.kind === 'user'))(
  '$method $path',
  ({ method, path, rule }) => {
    const concrete = path
      .replace(/^\/api\/v1/, '')
      .replaceAll(/\{(\w+)\}/g, (_match, name: string) => ABSENT[name] ?? 'absent');
    const send = (token?: string) =>
      api.request(method, concrete, {
        token,
        ...(token === undefined ? { tenant: 'acme' } : {}),
        ...(['GET', 'DELETE'].includes(method) ? {} : { body: { 'no such field': 1 } }),
      });

    test('401 without a token', async () => {
      const answer = await send();
      expect([answer.status, problem.parse(answer.body).code]).toEqual([401, 'token_missing']);
    });

    test('401 with a token that nobody signed', async () => {
      const answer = await send('eyJhbGciOiJub25lIn0.eyJzdWIiOiJ1c3IifQ.');
      expect([answer.status, problem.parse(answer.body).code]).toEqual([401, 'token_invalid']);
    });

    const wanted = RANK[rule?.role ?? 'customer'];

    test.each(PRINCIPALS.filter(([, rank]) => rank < wanted))('403 for %s', async (who) => {
      const answer = await send(await api.demo('acme', who));
      expect([answer.status, problem.parse(answer.body).code]).toEqual([403, 'role_missing']);
    });

    test.each(PRINCIPALS.filter(([, rank]) => rank >= wanted))(
      '%s is let in, and no fault of ours shows',
      async (who) => {
        const answer = await send(await api.demo('acme', who));
        expect(answer.status).toBeLessThan(500);
        expect(answer.status).not.toBe(401);
      },
    );
  },
);

test.each([
  '/internal/tenants',
  '/api/v1/internal/tenants',
  '/api/v1/users/../../internal/tenants',
  '//internal/tenants',
])('%s is not reachable from outside', async (path) => {
  const response = await fetch(`${inject('gatewayUrl')}${path}`, {
    headers: { 'x-zoco-service-token': 'x' },
  });
  expect([400, 404]).toContain(response.status);
});

test.each(Object.keys(inject('serviceUrls')).filter((name) => name !== 'gateway'))(
  '%s shows no metrics on its public port',
  async (service) => {
    const answer = await fetch(`${inject('serviceUrls')[service]}/metrics`);
    expect(answer.status).toBe(404);
  },
);

test.each(Object.values(CALLS))(
  '$method $path of $callee needs a service token',
  async ({ callee, method, path }) => {
    const url = `${inject('serviceUrls')[callee]}${path.replaceAll(/\{\w+\}/g, 'acme')}`;
    const answer = await fetch(url, { method, headers: { 'x-tenant': 'acme' } });
    expect([answer.status, problem.parse(await answer.json()).code]).toEqual([401, 'service_token_missing']);
  },
);
