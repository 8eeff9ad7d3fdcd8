import {
  NOW,
  type ReadTx,
  type RowValues,
  type SecondsFromNow,
  tableRows,
  type Tx,
  type WorkerTx,
} from '@zoco/postgres';
import { and, desc, eq, lt, type SQL, sql } from 'drizzle-orm';
import type { Id, TenantId } from '@zoco/kernel';
import { isOpen, type PaymentStatus } from '../rules/payment.ts';
import { payments } from './schema.ts';

export type Payment = typeof payments.$inferSelect;
type Insert = typeof payments.$inferInsert;
/** Times that count from now are left to the database. */
export type NewPayment = { readonly [K in keyof Insert]: Insert[K] | SecondsFromNow };
export type PaymentChanges = Omit<RowValues<Payment>, 'tenantId' | 'id' | 'orderId'>;

const rows = tableRows(payments);

/** One that a buyer may see: their own; staff see all. Tombstones are nobody's. */
export async function findPayment(
  tx: ReadTx,
  id: string,
  userId: string | undefined,
): Promise<Payment | undefined> {
  const [found] = await tx.db
    .select()
    .from(payments)
    .where(and(eq(payments.tenantId, tx.tenantId), sql`${payments.id} = ${id}`, visibleTo(userId)));
  return found;
}

export interface PaymentFilter {
  readonly orderId: string | undefined;
  readonly status: PaymentStatus | undefined;
  readonly userId: string | undefined;
  /** Id of the last payment of the page before. */
  readonly after: string | undefined;
  readonly limit: number;
}

// In words, so that a plan for all values can tell that the index of what is open has them.
const OPEN = sql`status in ('pending', 'requires_payment_method', 'requires_action', 'processing')`;

const OVER = sql`status in ('partially_refunded', 'refunded', 'canceled')`;

/** Newest first; one more than `limit`, when there are more. */
export function listPayments(tx: ReadTx, filter: PaymentFilter): Promise<Payment[]> {
  return tx.db
    .select()
    .from(payments)
    .where(
      and(
        eq(payments.tenantId, tx.tenantId),
        visibleTo(filter.userId),
        filter.orderId === undefined ? undefined : sql`${payments.orderId} = ${filter.orderId}`,
        filter.status === undefined ? undefined : eq(payments.status, filter.status),
        filter.status === undefined ? undefined : indexedBy(filter.status),
        filter.after === undefined ? undefined : lt(sql`${payments.id}`, filter.after),
      ),
    )
    .orderBy(desc(payments.id))
    .limit(filter.limit + 1);
}

/** Most payments of a shop succeed and stay so: the rest is found by an index, and those by walking back. */
function indexedBy(status: PaymentStatus): SQL | undefined {
  if (isOpen(status)) return OPEN;
  return status === 'succeeded' ? undefined : OVER;
}

function visibleTo(userId: string | undefined): SQL | undefined {
  const real = eq(payments.isTombstone, false);
  return userId === undefined ? real : and(real, sql`${payments.userId} = ${userId}`);
}

/** The payment itself, for work on it. */
export async function loadPayment(tx: ReadTx, id: string): Promise<Payment | undefined> {
  const [found] = await tx.db
    .select()
    .from(payments)
    .where(and(eq(payments.tenantId, tx.tenantId), sql`${payments.id} = ${id}`));
  return found;
}

/** The payment for the rest of the transaction: nobody else changes it meanwhile. */
export async function lockPayment(tx: Tx, id: string): Promise<Payment | undefined> {
  const [locked] = await tx.sql`
    select ${rows.columns(tx.sql)} from payments where tenant_id = ${tx.tenantId} and id = ${id} for update`;
  return locked && rows.decode(locked);
}

export async function lockPaymentOfOrder(tx: Tx, orderId: string): Promise<Payment | undefined> {
  const [locked] = await tx.sql`
    select ${rows.columns(tx.sql)} from payments
    where tenant_id = ${tx.tenantId} and order_id = ${orderId} for update`;
  return locked && rows.decode(locked);
}

/** @returns undefined when the order has a payment, or a tombstone, already */
export async function insertPayment(tx: Tx, payment: NewPayment): Promise<Payment | undefined> {
  const [inserted] = await tx.sql`
    insert into payments ${rows.values(tx.sql, payment)} on conflict do nothing
    returning ${rows.columns(tx.sql)}`;
  return inserted && rows.decode(inserted);
}

/** Changes a payment that this transaction has locked. */
export async function savePayment(tx: Tx, id: Id<'payment'>, changes: PaymentChanges): Promise<Payment> {
  const [saved] = await tx.sql`
    update payments set ${rows.values(tx.sql, { ...changes, updatedAt: NOW })}
    where tenant_id = ${tx.tenantId} and id = ${id} returning ${rows.columns(tx.sql)}`;
  if (saved === undefined) throw new Error('a payment that is locked is gone');
  return rows.decode(saved);
}

export interface DueItem {
  readonly tenantId: TenantId;
  readonly id: string;
}

/**
 * Takes payments that are due, for the length of a lease; several replicas never take the same ones.
 * @param inHand ids that this replica works on already: they look again by themselves
 */
export async function takeDuePayments(
  tx: WorkerTx,
  limit: number,
  leaseSeconds: number,
  inHand: readonly string[],
): Promise<DueItem[]> {
  return tx.sql<DueItem[]>`
    update payments p
    set due_at = now() + make_interval(secs => ${leaseSeconds}), tries = p.tries + 1, look_again = false
    from (select tenant_id, id from payments where due_at <= now() and id <> all(${inHand})
          order by due_at limit ${limit} for update skip locked) due
    where p.tenant_id = due.tenant_id and p.id = due.id
    returning p.tenant_id as "tenantId", p.id`;
}

/** Finds whose a PaymentIntent is, for events that do not say it. */
export async function findByIntent(
  tx: WorkerTx,
  intentId: string,
): Promise<{ tenantId: TenantId; orderId: string } | undefined> {
  const [found] = await tx.sql<{ tenantId: TenantId; orderId: string }[]>`
    select tenant_id as "tenantId", order_id as "orderId" from payments where intent_id = ${intentId}`;
  return found;
}

/** Whether the time to pay the order is over, by the database's clock. */
export async function isOrderWindowOver(tx: ReadTx, id: string): Promise<boolean> {
  const [row] = await tx.sql<{ over: boolean }[]>`
    select coalesce(order_expires_at <= now(), false) as over from payments
    where tenant_id = ${tx.tenantId} and id = ${id}`;
  return row?.over ?? false;
}
