import { expect, test } from 'vitest';
import { createAdminApp } from './admin.ts';

const passing = { name: 'database', check: () => Promise.resolve() };
const failing = { name: 'tenants', check: () => Promise.reject(new Error('users does not answer')) };

async function ready(checks: Parameters<typeof createAdminApp>[0]['checks'], draining = false) {
  const response = await createAdminApp({ isDraining: () => draining, checks }).request('/readyz');
  return { status: response.status, body: (await response.json()) as { status: string; checks: unknown[] } };
}

test('ready when every check holds', async () => {
  expect(await ready([passing])).toEqual({
    status: 200,
    body: { status: 'ready', checks: [{ name: 'database', ok: true, detail: 'ok' }] },
  });
});

test('not ready says which check fails and why', async () => {
  expect(await ready([passing, failing])).toEqual({
    status: 503,
    body: {
      status: 'not_ready',
      checks: [
        { name: 'database', ok: true, detail: 'ok' },
        { name: 'tenants', ok: false, detail: 'users does not answer' },
      ],
    },
  });
});

test('a check that never answers does not hold up the others', async () => {
  const hanging = { name: 'keys', check: () => new Promise<void>(() => {}) };
  expect(await ready([hanging, passing])).toMatchObject({
    status: 503,
    body: { checks: [{ ok: false, detail: 'no answer within 500 ms' }, { ok: true }] },
  });
});

test('a process that drains is not ready, and alive', async () => {
  expect(await ready([passing], true)).toMatchObject({ status: 503, body: { status: 'draining' } });
  const app = createAdminApp({ isDraining: () => true, checks: [failing] });
  expect((await app.request('/livez')).status).toBe(200);
});

test('metrics are in the Prometheus format', async () => {
  const response = await createAdminApp({ isDraining: () => false, checks: [] }).request('/metrics');
  expect(response.headers.get('content-type')).toMatch(/^text\/plain; version=/);
  expect(await response.text()).toContain('# TYPE http_server_request_duration_seconds histogram');
});
