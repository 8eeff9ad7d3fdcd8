import { context, propagation, trace, type Tracer } from '@opentelemetry/api';
import {
  InMemorySpanExporter,
  NodeTracerProvider,
  type ReadableSpan,
  SimpleSpanProcessor,
} from '@opentelemetry/sdk-trace-node';
import { createTestDatabase, type TestDatabase, testTenant } from '@zoco/testing';
import { afterAll, beforeAll, beforeEach, expect, inject, test } from 'vitest';
import type { Tx } from './database.ts';

const migrations = new URL('../../events/fixtures/migrations/', import.meta.url);
const exporter = new InMemorySpanExporter();
let database: TestDatabase;
let tracer: Tracer;

beforeAll(async () => {
  database = await createTestDatabase({ adminUrl: inject('adminUrl'), service: 'catalog', migrations });
  const provider = new NodeTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] });
  provider.register();
  tracer = provider.getTracer('test');
});
beforeEach(() => exporter.reset());
afterAll(async () => {
  // They are global, and other files share this process.
  for (const api of [trace, context, propagation]) api.disable();
  await database[Symbol.asyncDispose]();
});

const increment = (tx: Tx, id: string) => tx.sql`
  insert into counters as c (tenant_id, id, total) values (${tx.tenantId}, ${id}, 1)
  on conflict (tenant_id, id) do update set total = c.total + 1
  returning pg_current_xact_id()::text as transaction`;

/** A request by that name, whose trace is recorded. */
const recorded = <T>(name: string, run: () => Promise<T>) =>
  tracer.startActiveSpan(name, async (span) => {
    try {
      return await run();
    } finally {
      span.end();
    }
  });

const parentOf = (span: ReadableSpan | undefined) =>
  exporter.getFinishedSpans().find((other) => other.spanContext().spanId === span?.parentSpanContext?.spanId);
const childrenOf = (name: string) =>
  exporter.getFinishedSpans().filter((span) => parentOf(parentOf(span))?.name === name);

test('works that are recorded share a transaction with others, and each finds its own statements in its trace', async () => {
  const tenant = testTenant().id;
  const together = (id: string) =>
    database.db.transactTogether(tenant, { kind: 'count', key: id }, async (tx) => {
      tx.defer(increment(tx, `${id}-deferred`));
      const [row] = await increment(tx, id);
      return String(row?.['transaction']);
    });
  const transactions = await Promise.all([
    recorded('first', () => together('a')),
    together('b'),
    recorded('second', () => together('c')),
  ]);
  expect(new Set(transactions).size).toBe(1);
  for (const name of ['first', 'second']) {
    const statements = childrenOf(name);
    expect(statements.map((span) => span.name)).toEqual(['insert counters', 'insert counters']);
    const share = parentOf(statements[0]);
    expect(share?.name).toMatch(/^transaction \w+_catalog/);
    expect(share?.attributes).toMatchObject({
      'zoco.transaction.mode': 'shared',
      'zoco.transaction.works': 3,
    });
  }
  expect(exporter.getFinishedSpans()).toHaveLength(8);
});

test('what has to run alone shows so, after the attempt that it shared', async () => {
  const tenant = testTenant().id;
  const refusing = database.db.transactTogether(tenant, { kind: 'refuse', key: 'a' }, () =>
    Promise.reject(new Error('no')),
  );
  const counting = recorded('request', () =>
    database.db.transactTogether(tenant, { kind: 'refuse', key: 'b' }, (tx) => increment(tx, 'b')),
  );
  await Promise.allSettled([refusing, counting]);
  const modes = exporter
    .getFinishedSpans()
    .filter((span) => parentOf(span)?.name === 'request')
    .map((span) => span.attributes['zoco.transaction.mode']);
  expect(modes).toEqual(['shared', 'write']);
});
