import type { TenantId } from '@zoco/kernel';
import type { Database } from '@zoco/postgres';

/**
 * Takes the next `count` order numbers of a tenant's year.
 * @returns the first of them
 */
export async function takeOrderNumbers(
  db: Database,
  tenantId: TenantId,
  year: number,
  count: number,
): Promise<number> {
  const [row] = await db.transact(
    tenantId,
    (tx) => tx.sql<{ first: number }[]>`
      insert into order_numbers as n (tenant_id, year, last) values (${tenantId}, ${year}, ${count})
      on conflict (tenant_id, year) do update set last = n.last + ${count}
      returning last - ${count}::int + 1 as first`,
  );
  if (row === undefined) throw new Error('the counter of order numbers gave nothing');
  return row.first;
}
