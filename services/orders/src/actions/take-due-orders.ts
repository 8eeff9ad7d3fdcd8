import type { PaymentMethod } from '@zoco/contracts';
import type { Id, TenantId } from '@zoco/kernel';
import type { Database } from '@zoco/postgres';

/** An order that waited long enough: for stock, or for payment. */
export interface DueOrder {
  readonly tenantId: TenantId;
  readonly id: Id<'order'>;
  readonly status: 'pending' | 'created';
  readonly paymentMethod: PaymentMethod;
  /** Time since it was placed, by the database's clock. */
  readonly ageSeconds: number;
}

const BATCH_MAX = 50;

/**
 * Takes orders that are due, of all tenants, and puts them off for a while: what is not done by then comes again, to whichever replica
 * asks first. No order is taken by two at once.
 */
export function takeDueOrders(db: Database, putOffSeconds: number): Promise<DueOrder[]> {
  return db.work(
    (tx) => tx.sql<DueOrder[]>`
      update orders o set due_at = now() + make_interval(secs => ${putOffSeconds})
      from (
        select tenant_id, id from orders
        where status in ('pending', 'created') and due_at <= now()
        order by due_at limit ${BATCH_MAX} for update skip locked) due
      where o.tenant_id = due.tenant_id and o.id = due.id
      returning o.tenant_id as "tenantId", o.id, o.status, o.payment_method as "paymentMethod",
                extract(epoch from now() - o.created_at)::float8 as "ageSeconds"`,
  );
}
