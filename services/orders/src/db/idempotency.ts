import type { Id } from '@zoco/kernel';
import type { ReadTx, Tx } from '@zoco/postgres';

/** Whose key it is, and for what: keys of other principals or routes never meet. */
export interface KeyScope {
  readonly principal: string;
  /** Method and route. */
  readonly operation: string;
  readonly key: string;
}

/** The right to work on a key: lost as soon as somebody else takes over, which raises `attempt`. */
export interface Claim extends KeyScope {
  readonly attempt: number;
}

export interface Answer {
  readonly status: number;
  readonly body: string;
}

export interface KnownKey {
  readonly isSame: boolean;
  readonly isCompleted: boolean;
  readonly attempt: number;
  readonly resourceId: Id<'order'>;
  readonly status: number | null;
  readonly body: string | null;
}

/** What is known of a key; undefined when it was never used. */
export async function findKey(
  tx: ReadTx,
  scope: KeyScope,
  fingerprint: string,
): Promise<KnownKey | undefined> {
  const [known] = await tx.sql<KnownKey[]>`
    select fingerprint = ${fingerprint} as "isSame", state = 'completed' as "isCompleted",
           attempt, resource_id as "resourceId", status, body
    from idempotency_keys
    where tenant_id = ${tx.tenantId} and principal = ${scope.principal} and operation = ${scope.operation}
      and key = ${scope.key}`;
  return known;
}

/**
 * Claims a key that was never used. A twin that has claimed it and not yet committed is waited for.
 * @returns false when it is known already
 */
export async function claimKey(
  tx: Tx,
  scope: KeyScope,
  fingerprint: string,
  resourceId: Id<'order'>,
): Promise<boolean> {
  const claimed = await tx.sql`
    insert into idempotency_keys (tenant_id, principal, operation, key, fingerprint, resource_id, locked_until)
    values (${tx.tenantId}, ${scope.principal}, ${scope.operation}, ${scope.key}, ${fingerprint}, ${resourceId}, now())
    on conflict do nothing`;
  return claimed.count === 1;
}

/** Takes a lapsed key over from whoever held it. @returns the new claim, or undefined when somebody was quicker */
export async function takeOverKey(tx: Tx, claim: Claim, leaseSeconds: number): Promise<Claim | undefined> {
  const taken = await tx.sql`
    update idempotency_keys
    set attempt = attempt + 1, locked_until = now() + make_interval(secs => ${leaseSeconds})
    where tenant_id = ${tx.tenantId} and principal = ${claim.principal} and operation = ${claim.operation}
      and key = ${claim.key} and attempt = ${claim.attempt} and state = 'in_progress' and locked_until < now()`;
  return taken.count === 1 ? { ...claim, attempt: claim.attempt + 1 } : undefined;
}

/** The key under which an order is being placed, when its lease is over. */
export async function findLapsedKey(tx: ReadTx, orderId: Id<'order'>): Promise<Claim | undefined> {
  const [claim] = await tx.sql<Claim[]>`
    select principal, operation, key, attempt from idempotency_keys
    where tenant_id = ${tx.tenantId} and resource_id = ${orderId} and state = 'in_progress' and locked_until < now()`;
  return claim;
}

/**
 * Keeps the answer, in the transaction that makes it true.
 * @returns false when the claim was lost: the transaction must be rolled back
 */
export async function completeKey(tx: Tx, claim: Claim, answer: Answer): Promise<boolean> {
  const completed = await tx.sql`
    update idempotency_keys set state = 'completed', status = ${answer.status}, body = ${answer.body}
    where tenant_id = ${tx.tenantId} and principal = ${claim.principal} and operation = ${claim.operation}
      and key = ${claim.key} and attempt = ${claim.attempt} and state = 'in_progress'`;
  return completed.count === 1;
}

/** Gives a claim back without an answer, so that the next try need not wait for the end of the lease. */
export async function releaseKey(tx: Tx, claim: Claim): Promise<void> {
  await tx.sql`
    update idempotency_keys set locked_until = now() - interval '1 millisecond'
    where tenant_id = ${tx.tenantId} and principal = ${claim.principal} and operation = ${claim.operation}
      and key = ${claim.key} and attempt = ${claim.attempt} and state = 'in_progress'`;
}
