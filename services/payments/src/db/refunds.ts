import type { Id } from '@zoco/kernel';
import {
  type ReadTx,
  type RowValues,
  type SecondsFromNow,
  tableRows,
  type Tx,
  type WorkerTx,
} from '@zoco/postgres';
import { and, asc, eq, sql } from 'drizzle-orm';
import type { DueItem } from './payments.ts';
import { refunds } from './schema.ts';

export type Refund = typeof refunds.$inferSelect;
type Insert = typeof refunds.$inferInsert;
export type NewRefund = { readonly [K in keyof Insert]: Insert[K] | SecondsFromNow };
export type RefundChanges = Omit<RowValues<Refund>, 'tenantId' | 'id' | 'paymentId'>;

const rows = tableRows(refunds);

/** Refunds of the payments that belong to a page, oldest first. Those of late captures were never the order's money. */
export async function listRefunds(tx: ReadTx, paymentIds: readonly string[]): Promise<Refund[]> {
  if (paymentIds.length === 0) return [];
  return tx.db
    .select()
    .from(refunds)
    .where(
      and(
        eq(refunds.tenantId, tx.tenantId),
        sql`${refunds.paymentId} = any(${sql.param(paymentIds)})`,
        eq(refunds.isLate, false),
      ),
    )
    .orderBy(asc(refunds.id));
}

export async function findRefund(tx: ReadTx, id: string): Promise<Refund | undefined> {
  const [found] = await tx.db
    .select()
    .from(refunds)
    .where(and(eq(refunds.tenantId, tx.tenantId), sql`${refunds.id} = ${id}`));
  return found;
}

/** The refund that the provider knows under this id, or that we named in its metadata. */
export async function findRefundOf(
  tx: ReadTx,
  paymentId: string,
  providerId: string,
  ourId: string | undefined,
): Promise<Refund | undefined> {
  const [found] = await tx.db
    .select()
    .from(refunds)
    .where(
      and(
        eq(refunds.tenantId, tx.tenantId),
        sql`${refunds.paymentId} = ${paymentId}`,
        sql`(${refunds.providerId} = ${providerId} or ${refunds.id} = ${ourId ?? ''})`,
      ),
    );
  return found;
}

/** @returns undefined when there is one for this reason already */
export async function insertRefund(tx: Tx, refund: NewRefund): Promise<Refund | undefined> {
  const [inserted] = await tx.sql`
    insert into refunds ${rows.values(tx.sql, refund)} on conflict do nothing returning ${rows.columns(tx.sql)}`;
  return inserted && rows.decode(inserted);
}

/** Changes a refund whose payment this transaction has locked. */
export async function saveRefund(tx: Tx, id: Id<'refund'>, changes: RefundChanges): Promise<Refund> {
  const [saved] = await tx.sql`
    update refunds set ${rows.values(tx.sql, changes)}
    where tenant_id = ${tx.tenantId} and id = ${id} returning ${rows.columns(tx.sql)}`;
  if (saved === undefined) throw new Error('a refund whose payment is locked is gone');
  return rows.decode(saved);
}

export async function takeDueRefunds(tx: WorkerTx, limit: number, leaseSeconds: number): Promise<DueItem[]> {
  return tx.sql<DueItem[]>`
    update refunds r set due_at = now() + make_interval(secs => ${leaseSeconds}), tries = r.tries + 1
    from (select tenant_id, id from refunds where due_at <= now() order by due_at limit ${limit}
          for update skip locked) due
    where r.tenant_id = due.tenant_id and r.id = due.id
    returning r.tenant_id as "tenantId", r.id`;
}

/** The refund that was asked for with this reason. */
export async function findRefundFor(
  tx: ReadTx,
  paymentId: Id<'payment'>,
  reasonKey: string,
): Promise<Refund | undefined> {
  const [found] = await tx.db
    .select()
    .from(refunds)
    .where(
      and(
        eq(refunds.tenantId, tx.tenantId),
        eq(refunds.paymentId, paymentId),
        eq(refunds.reasonKey, reasonKey),
      ),
    );
  return found;
}
