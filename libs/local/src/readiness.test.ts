import { expect, test } from 'vitest';
import { explain } from './readiness.ts';

test.each([
  [
    { status: 'not_ready', checks: [{ name: 'database', ok: false, detail: 'unreachable' }] },
    'database: unreachable',
  ],
  [
    {
      status: 'not_ready',
      checks: [
        { name: 'database', ok: true, detail: 'ok' },
        { name: 'keys', ok: false },
        { name: 'tenants', ok: false, detail: 'not loaded' },
      ],
    },
    'keys, tenants: not loaded',
  ],
  [{ status: 'draining', checks: [] }, 'draining'],
  ['hello', 'its answer makes no sense'],
  [undefined, 'its answer makes no sense'],
])('%j', (body, expected) => {
  expect(explain(body)).toBe(expected);
});
