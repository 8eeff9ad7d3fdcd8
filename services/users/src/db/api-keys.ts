import { Problem } from '@zoco/kernel';
import type { ReadTx, Tx } from '@zoco/postgres';
import { and, desc, eq, getTableColumns, isNull, sql } from 'drizzle-orm';
import { apiKeys } from './schema.ts';

const { keyHash: _never, ...columns } = getTableColumns(apiKeys);

/** An API key as everybody sees it after it was made: without the key. */
export type ApiKey = Omit<typeof apiKeys.$inferSelect, 'keyHash'>;

export type NewApiKey = Pick<
  typeof apiKeys.$inferSelect,
  'id' | 'name' | 'keyHash' | 'role' | 'scopes' | 'createdBy'
> & { readonly days: number };

export async function insertApiKey(tx: Tx, { days, ...key }: NewApiKey): Promise<ApiKey> {
  const expiresAt = sql`now() + make_interval(days => ${days})`;
  const [created] = await tx.db
    .insert(apiKeys)
    .values({ tenantId: tx.tenantId, ...key, expiresAt })
    .returning(columns);
  return created ?? notFound();
}

/** Keys that are not revoked, newest first; one more than `limit`. */
export function listApiKeys(tx: ReadTx, limit: number, after: string | undefined): Promise<ApiKey[]> {
  return tx.db
    .select(columns)
    .from(apiKeys)
    .where(
      and(
        eq(apiKeys.tenantId, tx.tenantId),
        isNull(apiKeys.revokedAt),
        after === undefined ? undefined : sql`${apiKeys.id} < ${after}`,
      ),
    )
    .orderBy(desc(apiKeys.id))
    .limit(limit + 1);
}

/** @throws Problem `api_key_not_found` */
export async function revokeApiKeyRow(tx: Tx, id: string): Promise<void> {
  const { count } = await tx.sql`
    update api_keys set revoked_at = now()
    where tenant_id = ${tx.tenantId} and id = ${id} and revoked_at is null`;
  if (count === 0) notFound();
}

function notFound(): never {
  throw new Problem('not_found', 'api_key_not_found', 'There is no such API key.');
}

/** A key that holds now, marked as used; undefined for any other. */
export async function useApiKey(
  tx: Tx,
  keyHash: string,
): Promise<(Pick<ApiKey, 'id' | 'role' | 'scopes'> & { secondsLeft: number }) | undefined> {
  const [row] = await tx.sql<(Pick<ApiKey, 'id' | 'role' | 'scopes'> & { secondsLeft: number })[]>`
    update api_keys set last_used_at = now()
    where tenant_id = ${tx.tenantId} and key_hash = ${keyHash} and revoked_at is null and expires_at > now()
    returning id, role, scopes, floor(extract(epoch from expires_at - now()))::int as "secondsLeft"`;
  return row;
}
