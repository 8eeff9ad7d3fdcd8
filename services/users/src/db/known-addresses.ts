import type { Id } from '@zoco/kernel';
import type { Tx } from '@zoco/postgres';

/** Notes that a user signed in from a network; rewritten once a day at most, the date only serves forgetting. */
export async function rememberAddress(
  tx: Tx,
  userId: Id<'user'>,
  network: string | undefined,
): Promise<void> {
  if (network === undefined) return;
  await tx.sql`
    insert into known_addresses as k (tenant_id, user_id, address) values (${tx.tenantId}, ${userId}, ${network})
    on conflict (tenant_id, user_id, address) do update set last_seen_at = now()
    where k.last_seen_at < now() - interval '1 day'`;
}

/** A new password starts anew: what an intruder signed in from is not known any more. */
export async function forgetAddresses(tx: Tx, userId: Id<'user'>): Promise<void> {
  await tx.sql`delete from known_addresses where tenant_id = ${tx.tenantId} and user_id = ${userId}`;
}
