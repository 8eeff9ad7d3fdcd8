import { createHash } from 'node:crypto';
import type { ReadTx, Tx } from '@zoco/postgres';
import {
  ACCOUNT_MEMORY_SECONDS,
  type FailureCount,
  type FailureCounts,
  WINDOW_SECONDS,
} from '../rules/login-delay.ts';

/** Names of the counters that one try touches. */
export interface Counters {
  readonly account: string;
  readonly address: string | undefined;
  readonly tenant: string | undefined;
}

/**
 * Where the failures of a try are counted. From a network where the user has signed in before only his own tries from there
 * count: a stranger's attack, however wide, cannot keep him out. An account that does not exist is counted like any other.
 * @param email in its normal form
 */
export function countersOf(email: string, network: string | undefined, knownHere: boolean): Counters {
  const account = createHash('sha256').update(email).digest('base64url').slice(0, 22);
  if (knownHere) return { account: `account:${account}:${network}`, address: undefined, tenant: undefined };
  return {
    account: `account:${account}`,
    address: network === undefined ? undefined : `address:${network}`,
    tenant: 'tenant',
  };
}

/** What has been counted so far, for known and for unknown addresses alike: which of them holds is not known yet. */
export async function readFailures(
  tx: ReadTx,
  email: string,
  network: string | undefined,
): Promise<ReadonlyMap<string, FailureCount>> {
  const names = [countersOf(email, network, false), countersOf(email, network, true)].flatMap(namesOf);
  const rows = await tx.sql<(FailureCount & { counter: string })[]>`
    select counter, failures,
           extract(epoch from now() - first_at)::float8 as "sinceFirstSeconds",
           extract(epoch from now() - last_at)::float8 as "sinceLastSeconds"
    from login_failures where tenant_id = ${tx.tenantId} and counter = any(${names})`;
  return new Map(rows.map(({ counter, ...count }) => [counter, count]));
}

export function pickCounts(found: ReadonlyMap<string, FailureCount>, counters: Counters): FailureCounts {
  return {
    account: found.get(counters.account),
    address: counters.address === undefined ? undefined : found.get(counters.address),
    tenant: counters.tenant === undefined ? undefined : found.get(counters.tenant),
  };
}

/** Counts one failure. Counts that are too old to matter begin again. */
export async function addFailure(tx: Tx, counters: Counters): Promise<void> {
  const names = namesOf(counters);
  const isStale = tx.sql`(case when f.counter = ${counters.account}
    then f.last_at < now() - make_interval(secs => ${ACCOUNT_MEMORY_SECONDS})
    else f.first_at < now() - make_interval(secs => ${WINDOW_SECONDS}) end)`;
  // In one order, so that tries on different accounts from one network do not deadlock.
  await tx.sql`
    insert into login_failures as f (tenant_id, counter, failures)
    select ${tx.tenantId}, counter, 1 from unnest(${names}::text[]) counter order by counter collate "C"
    on conflict (tenant_id, counter) do update set
      failures = case when ${isStale} then 1 else f.failures + 1 end,
      first_at = case when ${isStale} then now() else f.first_at end,
      last_at = now()`;
}

/** A success forgives the failures of the account, not those of the network or the tenant. */
export async function forgiveAccount(tx: Tx, { account }: Counters): Promise<void> {
  await tx.sql`delete from login_failures where tenant_id = ${tx.tenantId} and counter = ${account}`;
}

function namesOf({ account, address, tenant }: Counters): string[] {
  return [account, address, tenant].filter((name) => name !== undefined);
}
