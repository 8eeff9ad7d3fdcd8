import type { Id } from '@zoco/kernel';
import type { Tx } from '@zoco/postgres';

export interface NewToken {
  readonly sessionId: Id<'session'>;
  readonly tokenHash: string;
}

/** A session and its first refresh token. */
export async function insertSession(
  tx: Tx,
  token: NewToken & { userId: Id<'user'>; sessionDays: number; tokenDays: number },
): Promise<void> {
  await tx.sql`
    with session as (
      insert into sessions (tenant_id, id, user_id, expires_at)
      values (${tx.tenantId}, ${token.sessionId}, ${token.userId}, now() + make_interval(days => ${token.sessionDays}))
      returning id, expires_at)
    insert into refresh_tokens (tenant_id, token_hash, session_id, generation, expires_at)
    select ${tx.tenantId}, ${token.tokenHash}, id, 1,
           least(expires_at, now() + make_interval(days => ${token.tokenDays}))
    from session`;
}

/** A refresh token with all that decides about it. */
export interface TokenRow {
  readonly session_id: Id<'session'>;
  readonly user_id: Id<'user'>;
  readonly generation: number;
  readonly rotated_ago_seconds: number | null;
  readonly replayed: boolean;
  readonly successor_used: boolean;
  readonly successor_sealed: string | null;
  readonly expired: boolean;
  readonly session_ended: boolean;
}

/** Finds a refresh token and holds it and its session until the transaction ends, so that racing uses queue up. */
export async function lockToken(tx: Tx, tokenHash: string): Promise<TokenRow | undefined> {
  const [row] = await tx.sql<TokenRow[]>`
    select t.session_id, s.user_id, t.generation, t.successor_sealed,
           extract(epoch from clock_timestamp() - t.rotated_at)::float8 as rotated_ago_seconds,
           t.replayed_at is not null as replayed,
           exists (select from refresh_tokens n where n.tenant_id = t.tenant_id and n.session_id = t.session_id
                   and n.generation = t.generation + 1 and n.rotated_at is not null) as successor_used,
           t.expires_at <= now() as expired,
           s.revoked_at is not null or s.expires_at <= now() as session_ended
    from refresh_tokens t join sessions s on s.tenant_id = t.tenant_id and s.id = t.session_id
    where t.tenant_id = ${tx.tenantId} and t.token_hash = ${tokenHash}
    for update of t, s`;
  return row;
}

/** Marks a token as used and adds its successor. */
export async function rotateToken(
  tx: Tx,
  used: { tokenHash: string; successorSealed: string },
  successor: NewToken & { generation: number; tokenDays: number },
): Promise<void> {
  await Promise.all([
    tx.sql`
      update refresh_tokens set rotated_at = clock_timestamp(), successor_sealed = ${used.successorSealed}
      where tenant_id = ${tx.tenantId} and token_hash = ${used.tokenHash}`,
    tx.sql`
      insert into refresh_tokens (tenant_id, token_hash, session_id, generation, expires_at)
      select ${tx.tenantId}, ${successor.tokenHash}, id, ${successor.generation},
             least(expires_at, now() + make_interval(days => ${successor.tokenDays}))
      from sessions where tenant_id = ${tx.tenantId} and id = ${successor.sessionId}`,
  ]);
}

/** The answer has been given again: not a third time, and it need not be kept. */
export async function markReplayed(tx: Tx, tokenHash: string): Promise<void> {
  await tx.sql`
    update refresh_tokens set replayed_at = clock_timestamp(), successor_sealed = null
    where tenant_id = ${tx.tenantId} and token_hash = ${tokenHash}`;
}

export async function revokeSession(tx: Tx, sessionId: string): Promise<void> {
  await tx.sql`
    update sessions set revoked_at = now()
    where tenant_id = ${tx.tenantId} and id = ${sessionId} and revoked_at is null`;
}

/** Ends all sessions of a user, but for one. */
export async function revokeSessionsOf(tx: Tx, userId: Id<'user'>, exceptSessionId = ''): Promise<void> {
  await tx.sql`
    update sessions set revoked_at = now()
    where tenant_id = ${tx.tenantId} and user_id = ${userId} and revoked_at is null and id <> ${exceptSessionId}`;
}

export async function revokeSessionOfToken(tx: Tx, tokenHash: string): Promise<void> {
  await tx.sql`
    update sessions s set revoked_at = now() from refresh_tokens t
    where t.tenant_id = ${tx.tenantId} and t.token_hash = ${tokenHash}
      and s.tenant_id = t.tenant_id and s.id = t.session_id and s.revoked_at is null`;
}
