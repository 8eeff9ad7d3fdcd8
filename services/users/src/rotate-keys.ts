import { parseArgs } from 'node:util';
import { openDatabase } from '@zoco/postgres';
import { rotateSigningKeys } from './actions/rotate-signing-keys.ts';
import { loadRotateKeysConfig } from './config.ts';

/*
 * Replaces the signing key at once. Tokens of the old one stay valid until they expire; with `--revoke` all keys are
 * forgotten and every access token is void within a minute (people refresh theirs, nobody has to sign in again).
 */

const { values } = parseArgs({ options: { revoke: { type: 'boolean', default: false } } });
const config = loadRotateKeysConfig();
await using db = openDatabase({
  url: config.DATABASE_URL,
  workerUrl: config.DATABASE_WORKER_URL,
  applicationName: 'users-rotate-keys',
});
const plan = await rotateSigningKeys(db, {
  encryptionKey: config.USERS_KEY_ENCRYPTION_KEY,
  rotateAfterHours: config.USERS_KEY_ROTATION_HOURS,
  reason: values.revoke ? 'revoke' : 'now',
});
process.stdout.write(
  values.revoke
    ? `revoked ${plan.drop.length} keys\n`
    : `the key that signs is now ${plan.promote ?? 'new'}\n`,
);
