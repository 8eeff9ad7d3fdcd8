import type { Tx } from '@zoco/postgres';
import { documentsOfOrder, type StoredDocument } from '../db/documents.ts';

/**
 * Serialises everything that happens to the documents of one order, and reads them: invoice and corrections come from
 * different streams, in any order and at the same time.
 */
export async function lockOrder(tx: Tx, orderId: string): Promise<StoredDocument[]> {
  const locked = tx.sql`select pg_advisory_xact_lock(hashtextextended(${`${tx.tenantId}/${orderId}`}, 0))`;
  const [, documents] = await Promise.all([locked.execute(), documentsOfOrder(tx, orderId)]);
  return documents;
}
