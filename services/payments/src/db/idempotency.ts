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
  readonly isLapsed: boolean;
  readonly attempt: number;
  readonly resource: string;
  readonly status: number | null;
  readonly body: string | null;
}

const LEASE_SECONDS = 30;

/** Claims a key that was never used, or whose answer has expired. @returns false when it is known */
export async function claimKey(tx: Tx, scope: KeyScope, fingerprint: string): Promise<boolean> {
  const claimed = await tx.sql`
    insert into idempotency_keys as k (tenant_id, principal, operation, key, fingerprint, resource, locked_until)
    values (${tx.tenantId}, ${scope.principal}, ${scope.operation}, ${scope.key}, ${fingerprint}, '',
            now() + make_interval(secs => ${LEASE_SECONDS}))
    on conflict (tenant_id, principal, operation, key) do update
      set fingerprint = excluded.fingerprint, state = 'in_progress', resource = '', attempt = 1, status = null, body = null,
          locked_until = excluded.locked_until, created_at = now(), expires_at = excluded.expires_at
      where k.expires_at < now()`;
  return claimed.count === 1;
}

export async function findKey(
  tx: ReadTx,
  scope: KeyScope,
  fingerprint: string,
): Promise<KnownKey | undefined> {
  const [known] = await tx.sql<KnownKey[]>`
    select fingerprint = ${fingerprint} as "isSame", locked_until < now() as "isLapsed", attempt, resource, status, body
    from idempotency_keys
    where tenant_id = ${tx.tenantId} and principal = ${scope.principal} and operation = ${scope.operation}
      and key = ${scope.key}`;
  return known;
}

/** Takes a lapsed key over. @returns false when somebody was quicker */
export async function takeOverKey(tx: Tx, claim: Claim): Promise<boolean> {
  const taken = await tx.sql`
    update idempotency_keys
    set attempt = attempt + 1, locked_until = now() + make_interval(secs => ${LEASE_SECONDS})
    where tenant_id = ${tx.tenantId} and principal = ${claim.principal} and operation = ${claim.operation}
      and key = ${claim.key} and attempt = ${claim.attempt} and state = 'in_progress' and locked_until < now()`;
  return taken.count === 1;
}

/** Notes what was begun under the key, in the transaction that begins it. */
export async function noteResource(tx: Tx, claim: Claim, resource: string): Promise<void> {
  await tx.sql`
    update idempotency_keys set resource = ${resource}
    where tenant_id = ${tx.tenantId} and principal = ${claim.principal} and operation = ${claim.operation}
      and key = ${claim.key} and attempt = ${claim.attempt}`;
}

/** Keeps the answer. @returns false when the claim was lost */
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
