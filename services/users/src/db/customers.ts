import type { CustomerSnapshot } from '@zoco/contracts';
import { type Id, Problem } from '@zoco/kernel';
import { isUniqueViolation, type ReadTx, type Tx } from '@zoco/postgres';
import { and, desc, eq, isNull, type SQL, sql } from 'drizzle-orm';
import { customers } from './schema.ts';
import { likePattern } from './tenants.ts';

export type Customer = typeof customers.$inferSelect;
export type CustomerData = Pick<
  Customer,
  'name' | 'email' | 'phone' | 'taxId' | 'billingAddress' | 'paymentTermsDays'
>;

const alive = (tx: ReadTx, id: string): SQL | undefined =>
  and(eq(customers.tenantId, tx.tenantId), eq(sql`${customers.id}`, id), isNull(customers.deletedAt));

/** @throws Problem `customer_not_found` */
export async function getCustomer(tx: ReadTx, id: string): Promise<Customer> {
  const [customer] = await tx.db.select().from(customers).where(alive(tx, id));
  return customer ?? notFound();
}

/** The same, held until the transaction ends. @throws Problem `customer_not_found` */
export async function lockCustomer(tx: Tx, id: string): Promise<Customer> {
  const [customer] = await tx.db.select().from(customers).where(alive(tx, id)).for('no key update');
  return customer ?? notFound();
}

function notFound(): never {
  throw new Problem('not_found', 'customer_not_found', 'There is no such customer.');
}

/** @throws Problem `customer_email_taken` */
export async function insertCustomer(tx: Tx, id: Id<'customer'>, data: CustomerData): Promise<Customer> {
  const [created] = await uniquely(
    tx.db
      .insert(customers)
      .values({ tenantId: tx.tenantId, id, ...data })
      .returning(),
  );
  return created ?? notFound();
}

/** Writes what is given and raises the version. @throws Problem `customer_email_taken` */
export async function updateCustomer(
  tx: Tx,
  id: Id<'customer'>,
  change: Partial<CustomerData> & { deletedAt?: Date },
): Promise<Customer> {
  const [changed] = await uniquely(
    tx.db
      .update(customers)
      .set({ ...change, version: sql`${customers.version} + 1`, updatedAt: sql`now()` })
      .where(alive(tx, id))
      .returning(),
  );
  return changed ?? notFound();
}

async function uniquely<T>(write: PromiseLike<T>): Promise<T> {
  try {
    return await write;
  } catch (cause) {
    if (!isUniqueViolation(cause, 'customers_email')) throw cause;
    throw new Problem('conflict', 'customer_email_taken', 'There is a customer with this e-mail address.', {
      cause,
    });
  }
}

export interface CustomerFilter {
  readonly search: string | undefined;
  readonly after: string | undefined;
  readonly limit: number;
}

/** Newest first; one more than `limit`. */
export function listCustomers(tx: ReadTx, filter: CustomerFilter): Promise<Customer[]> {
  const pattern = filter.search === undefined ? undefined : likePattern(filter.search);
  return tx.db
    .select()
    .from(customers)
    .where(
      and(
        eq(customers.tenantId, tx.tenantId),
        isNull(customers.deletedAt),
        filter.after === undefined ? undefined : sql`${customers.id} < ${filter.after}`,
        pattern === undefined
          ? undefined
          : sql`(${customers.name} ilike ${pattern} or ${customers.email} ilike ${pattern}
              or ${customers.taxId} ilike ${pattern})`,
      ),
    )
    .orderBy(desc(customers.id))
    .limit(filter.limit + 1);
}

/** A customer as events and other services see it. */
export function customerSnapshotOf(customer: Customer): CustomerSnapshot {
  return {
    id: customer.id,
    name: customer.name,
    email: customer.email,
    phone: customer.phone,
    tax_id: customer.taxId,
    billing_address: customer.billingAddress,
    payment_terms_days: customer.paymentTermsDays,
    version: customer.version,
  };
}
