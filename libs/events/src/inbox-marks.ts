import { setTimeout as delay } from 'node:timers/promises';
import type { TenantId } from '@zoco/kernel';
import type { Database } from '@zoco/postgres';

/** Long enough for a busy consumer to bring others, too short to keep one from its work. */
const GATHER_MS = 25;

/** Notes one event of a tenant as handled; resolves when that is committed. */
export type MarkHandled = (tenantId: TenantId, eventId: string) => Promise<void>;

/** Notes events that need nothing else in the inbox of a consumer: those of some milliseconds in one transaction. */
export function createInboxMarks(db: Database, consumer: string): MarkHandled {
  const gathering = new Map<TenantId, { readonly eventIds: string[]; readonly marked: Promise<void> }>();

  async function mark(tenantId: TenantId, eventIds: readonly string[]): Promise<void> {
    await delay(GATHER_MS);
    gathering.delete(tenantId);
    await db.transact(
      tenantId,
      (tx) => tx.sql`
        insert into inbox (tenant_id, consumer, event_id)
        select ${tenantId}, ${consumer}, id from unnest(${[...eventIds]}::text[]) as id
        on conflict do nothing`,
    );
  }

  return (tenantId, eventId) => {
    const batch = gathering.get(tenantId);
    if (batch !== undefined) {
      batch.eventIds.push(eventId);
      return batch.marked;
    }
    const eventIds = [eventId];
    const marked = mark(tenantId, eventIds);
    gathering.set(tenantId, { eventIds, marked });
    return marked;
  };
}
