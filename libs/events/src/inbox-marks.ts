import { createBatches, type TenantId } from '@zoco/kernel';
import type { Database } from '@zoco/postgres';

/** Nobody waits for a mark, so there is time for others to come. */
const GATHER_MS = 100;
const MARKS_MAX = 256;
const CONCURRENCY = 4;

/** Notes one event of a tenant as handled; resolves when that is committed. */
export type MarkHandled = (tenantId: TenantId, eventId: string) => Promise<void>;

interface Mark {
  readonly tenantId: TenantId;
  readonly eventId: string;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/** Notes events that need nothing else in the inbox of a consumer: those of some milliseconds in one transaction. */
export function createInboxMarks(db: Database, consumer: string): MarkHandled {
  const batches = createBatches<Mark>({
    run: (_tenant, marks) => mark(db, consumer, marks),
    sizeMax: MARKS_MAX,
    concurrency: CONCURRENCY,
    apart: ({ eventId }) => eventId,
    gatherMs: GATHER_MS,
  });
  return (tenantId, eventId) =>
    new Promise((resolve, reject) => batches.add(tenantId, { tenantId, eventId, resolve, reject }));
}

async function mark(db: Database, consumer: string, marks: readonly Mark[]): Promise<void> {
  const [first] = marks;
  if (first === undefined) return;
  const { tenantId } = first;
  // In one order, so that two replicas with the same events do not wait for each other.
  const ids = marks.map(({ eventId }) => eventId).toSorted();
  try {
    await db.transact(
      tenantId,
      (tx) => tx.sql`
        insert into inbox (tenant_id, consumer, event_id)
        select ${tenantId}, ${consumer}, id from unnest(${ids}::text[]) as id
        on conflict do nothing`,
    );
    for (const { resolve } of marks) resolve();
  } catch (error) {
    for (const { reject } of marks) reject(error);
  }
}
