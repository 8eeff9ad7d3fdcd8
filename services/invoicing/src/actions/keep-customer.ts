import type { CustomerSnapshot } from '@zoco/contracts';
import type { Tx } from '@zoco/postgres';

/** Keeps the newest data of a customer for invoices to come; those that exist never change. */
export async function keepCustomer(tx: Tx, customer: CustomerSnapshot): Promise<void> {
  await tx.sql`
    insert into customers as c (tenant_id, id, version, snapshot)
    values (${tx.tenantId}, ${customer.id}, ${customer.version}, ${JSON.stringify(customer)}::text::jsonb)
    on conflict (tenant_id, id) do update set version = excluded.version, snapshot = excluded.snapshot
      where c.version < excluded.version`;
}
