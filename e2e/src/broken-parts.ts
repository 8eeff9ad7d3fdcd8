import type { ServiceName } from '@zoco/contracts';
import type { RunningSystem } from '@zoco/local';
import postgres from 'postgres';
import { z } from 'zod';

/** A database as its superuser sees it, past every guard: for faults that the system itself refuses to make. */
export function asSuperuser(system: RunningSystem, service: ServiceName): postgres.Sql & AsyncDisposable {
  const url = new URL(system.adminDatabaseUrl);
  url.pathname = new URL(system.databaseUrls(service).ownerUrl).pathname;
  const sql = postgres(url.href, { max: 1, onnotice: () => {} });
  return Object.assign(sql, { [Symbol.asyncDispose]: () => sql.end() });
}

/** Nobody reads or writes a table until dispose. */
export function lockTable(
  system: RunningSystem,
  service: ServiceName,
  table: 'carts' | 'documents' | 'outbox' | 'stock',
): Promise<AsyncDisposable> {
  return hold(system, service, (tx) => tx`lock table ${tx(table)} in access exclusive mode`);
}

/** Nobody sells one product until dispose. */
export function lockStock(system: RunningSystem, productId: string): Promise<AsyncDisposable> {
  return hold(system, 'catalog', (tx) => tx`select 1 from stock where product_id = ${productId} for update`);
}

/** Does something in a transaction that stays open until dispose, and so keeps what it has locked. */
async function hold(
  system: RunningSystem,
  service: ServiceName,
  take: (tx: postgres.TransactionSql) => Promise<unknown>,
): Promise<AsyncDisposable> {
  const sql = asSuperuser(system, service);
  const held = Promise.withResolvers<void>();
  const released = Promise.withResolvers<void>();
  const holding = sql.begin(async (tx) => {
    await take(tx);
    held.resolve();
    await released.promise;
  });
  holding.catch(held.reject);
  await held.promise;
  return {
    async [Symbol.asyncDispose]() {
      released.resolve();
      await holding;
      await sql.end();
    },
  };
}

/** Promises more of a product than there is. */
export async function oversell(system: RunningSystem, productId: string): Promise<void> {
  await using sql = asSuperuser(system, 'catalog');
  await sql`alter table stock drop constraint stock_on_hand`;
  await sql`update stock set reserved = on_hand + 1 where product_id = ${productId}`;
}

/** Writes a cent too much into the books. */
export async function unbalanceLedger(system: RunningSystem): Promise<void> {
  await using sql = asSuperuser(system, 'payments');
  await sql.begin(async (tx) => {
    await tx`set local session_replication_role = replica`;
    await tx`update ledger_entries set amount_cents = amount_cents + 1
             where ctid = (select min(ctid) from ledger_entries)`;
  });
}

/** Makes the events that wait in an outbox a minute old. */
export async function ageOutbox(system: RunningSystem, service: ServiceName): Promise<void> {
  await using sql = asSuperuser(system, service);
  await sql`update outbox set created_at = created_at - interval '1 minute' where published_at is null`;
}

/** Nobody looks at the ledger from now on: the role that does may no longer read it. */
export async function hideLedger(system: RunningSystem): Promise<void> {
  await using sql = asSuperuser(system, 'payments');
  await sql`revoke select on ledger_journals from ${sql(workerOf(system, 'payments'))}`;
}

/** Makes the signing keys 41 days old; the role that replaces them may no longer do so. */
export async function ageSigningKeys(system: RunningSystem): Promise<void> {
  await using sql = asSuperuser(system, 'users');
  await sql.begin(async (tx) => {
    await tx`revoke update on signing_keys from ${tx(workerOf(system, 'users'))}`;
    await tx`update signing_keys set changed_at = changed_at - interval '41 days'`;
  });
}

const workerOf = (system: RunningSystem, service: ServiceName) =>
  new URL(system.databaseUrls(service).workerUrl).username;

const journal = z.object({ data: z.array(z.object({ refund: z.string().nullable() })) });

/** The refund that the payment provider has made for an order; undefined while there is none. */
export async function refundOf(system: RunningSystem, orderId: string): Promise<string | undefined> {
  const url = `${system.sandboxUrl}/sandbox/journal?order_id=${orderId}&type=refund.created`;
  const { data } = journal.parse(await (await fetch(url)).json());
  return data[0]?.refund ?? undefined;
}
