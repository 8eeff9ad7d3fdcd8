import type { WorkerTx } from '@zoco/postgres';
import type { JWK } from 'jose';
import type { RotationPlan, SigningKeyAge } from '../rules/key-rotation.ts';
import { PLATFORM_TENANT } from '../rules/roles.ts';

export interface StoredKey extends SigningKeyAge {
  readonly publicJwk: unknown;
  readonly privateKeySealed: string | null;
}

export interface NewKey {
  readonly state: 'current' | 'next';
  readonly kid: string;
  readonly publicJwk: JWK;
  readonly privateKeySealed: string;
}

/** Channel on which every replica hears that the keys are others now. */
export const SIGNING_KEYS_CHANNEL = 'signing_keys';

export async function selectSigningKeys(tx: WorkerTx): Promise<StoredKey[]> {
  return tx.sql<StoredKey[]>`
    select kid, state, public_jwk as "publicJwk", private_key_sealed as "privateKeySealed",
           extract(epoch from now() - changed_at)::float8 as "inStateSeconds"
    from signing_keys order by created_at, kid`;
}

/** One after the other, as the plan is written: there may be one current and one next key at any moment. */
export async function applyRotation(
  tx: WorkerTx,
  plan: RotationPlan,
  created: readonly NewKey[],
): Promise<void> {
  if (plan.drop.length > 0) await tx.sql`delete from signing_keys where kid = any(${[...plan.drop]})`;
  if (plan.retire !== undefined) {
    await tx.sql`
      update signing_keys set state = 'previous', private_key_sealed = null, changed_at = now()
      where kid = ${plan.retire}`;
  }
  if (plan.promote !== undefined) {
    await tx.sql`update signing_keys set state = 'current', changed_at = now() where kid = ${plan.promote}`;
  }
  for (const key of created) {
    await tx.sql`
      insert into signing_keys (tenant_id, kid, state, public_jwk, private_key_sealed)
      values (${PLATFORM_TENANT}, ${key.kid}, ${key.state}, ${JSON.stringify(key.publicJwk)}::text::jsonb,
              ${key.privateKeySealed})`;
  }
  await tx.sql`select pg_notify(${SIGNING_KEYS_CHANNEL}, '')`;
}
