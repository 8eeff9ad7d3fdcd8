import { openDatabase } from '@zoco/postgres';
import { createPlatformAdmin } from './actions/create-platform-admin.ts';
import { loadPlatformAdminConfig } from './config.ts';
import { createPasswordHasher } from './password-hasher.ts';

/*
 * Creates the first login of the platform's staff, and their tenant, where nobody could yet do so over HTTP.
 * Repeating it changes nothing: an account that exists keeps its password.
 */

const config = loadPlatformAdminConfig();
await using db = openDatabase({ url: config.DATABASE_URL, applicationName: 'users-create-platform-admin' });
const hasher = await createPasswordHasher({
  memoryKib: config.USERS_ARGON2_MEMORY_KIB,
  passes: config.USERS_ARGON2_PASSES,
});
const outcome = await createPlatformAdmin(
  { db, hasher },
  { email: config.PLATFORM_ADMIN_EMAIL, password: config.PLATFORM_ADMIN_PASSWORD },
);
process.stdout.write(`platform administrator: ${outcome}\n`);
