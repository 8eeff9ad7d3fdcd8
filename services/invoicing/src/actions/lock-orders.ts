import type { Tx } from '@zoco/postgres';
import { documentsOfOrders, type StoredDocument } from '../db/documents.ts';

/**
 * Serialises everything that happens to the documents of these orders, and reads them: invoice and corrections come from
 * different streams, in any order and at the same time. Locked in one order, so that nobody ends in a deadlock.
 */
export async function lockOrders(tx: Tx, orderIds: readonly string[]): Promise<StoredDocument[]> {
  const names = orderIds.map((id) => `${tx.tenantId}/${id}`);
  const locked = tx.sql`
    select pg_advisory_xact_lock(key)
    from (select hashtextextended(name, 0) as key from unnest(${names}::text[]) as name order by 1) as keys`;
  const [, documents] = await Promise.all([locked.execute(), documentsOfOrders(tx, orderIds)]);
  return documents;
}
