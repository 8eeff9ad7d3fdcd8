import { expect, test } from 'vitest';
import { summaryOf, traceTarget } from './transaction-trace.ts';

test.each([
  ['insert into inbox (tenant_id) values ($1) on conflict do nothing', 'insert inbox'],
  ['update "orders" set "status" = $1 where "id" = $2', 'update orders'],
  [
    'delete from idempotency_keys where ctid = any(array(select ctid from idempotency_keys))',
    'delete idempotency_keys',
  ],
  ['select "id", "status" from "payments" where "id" = $1 for update', 'select payments'],
  ['\n  select count(*)::int as pending\n  from outbox where published_at is null', 'select outbox'],
  [
    'with recorded as (insert into outbox (id) select $1 returning 1) select pg_notify($2, $3)',
    'insert outbox',
  ],
  ["select set_config('app.tenant_id', $1, true)", 'select set_config'],
  ['select pg_advisory_xact_lock(hashtextextended($1, 0))', 'select pg_advisory_xact_lock'],
  ['set lock_timeout = 1', 'set'],
  ['', 'query'],
])('%j is named %s', (text, summary) => {
  expect(summaryOf(text)).toBe(summary);
});

test.each([
  ['postgres://zoco_orders:secret@db.example:6432/zoco_orders', 'db.example', 6432],
  ['postgres://zoco_orders:secret@db.example/zoco_orders?sslmode=verify-full', 'db.example', 5432],
])('where %s leads, without its login', (url, host, port) => {
  expect(traceTarget(url)).toEqual({ database: 'zoco_orders', host, port });
});
