import type { Database } from '@zoco/postgres';
import { calculateJwkThumbprint, exportJWK, generateKeyPair } from 'jose';
import { applyRotation, type NewKey, selectSigningKeys } from '../db/signing-keys.ts';
import { planRotation, type RotationPlan, type RotationReason } from '../rules/key-rotation.ts';
import { seal } from '../sealing.ts';

export interface RotationOptions {
  /** 32 bytes. */
  readonly encryptionKey: Uint8Array;
  readonly rotateAfterHours: number;
  readonly reason: RotationReason;
}

/** Any number that no other advisory lock in this database has. */
const ROTATION_LOCK = 7_002;

/** Does what is due with the signing keys. Replicas take turns, so that each rotation happens once. */
export function rotateSigningKeys(db: Database, options: RotationOptions): Promise<RotationPlan> {
  return db.work(async (tx) => {
    await tx.sql`select pg_advisory_xact_lock(${ROTATION_LOCK}, 0)`;
    const plan = planRotation(await selectSigningKeys(tx), options.rotateAfterHours * 3600, options.reason);
    const created = await Promise.all(plan.create.map((state) => createKey(state, options.encryptionKey)));
    const changes = plan.drop.length + created.length + (plan.promote === undefined ? 0 : 1);
    if (changes > 0) await applyRotation(tx, plan, created);
    return plan;
  });
}

async function createKey(state: NewKey['state'], encryptionKey: Uint8Array): Promise<NewKey> {
  const { privateKey, publicKey } = await generateKeyPair('EdDSA', { crv: 'Ed25519', extractable: true });
  const publicJwk = await exportJWK(publicKey);
  const kid = await calculateJwkThumbprint(publicJwk);
  const privateJwk = JSON.stringify(await exportJWK(privateKey));
  return {
    state,
    kid,
    publicJwk: { ...publicJwk, kid, alg: 'EdDSA', use: 'sig' },
    privateKeySealed: seal(encryptionKey, privateJwk, kid),
  };
}
