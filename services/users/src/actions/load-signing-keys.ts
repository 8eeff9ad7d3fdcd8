import type { Database } from '@zoco/postgres';
import { selectSigningKeys, type StoredKey } from '../db/signing-keys.ts';

/** All keys, as the worker role: no tenant can read them, not even the platform's. */
export function loadSigningKeys(db: Database): Promise<StoredKey[]> {
  return db.work(selectSigningKeys);
}
