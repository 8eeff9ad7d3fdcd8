import { openDatabase } from '@zoco/postgres';
import { writeOpenapi } from '@zoco/service';
import { createAccountQueue } from './account-queue.ts';
import { routers } from './app.ts';
import { createPasswordHasher } from './password-hasher.ts';
import { createSigningKeys } from './signing-keys.ts';
import { createTenantRegistry } from './tenant-registry.ts';

// Connections are made on first use, which does not come.
await using db = openDatabase({ url: 'postgres://localhost', applicationName: 'users-openapi' });
const deps = {
  db,
  keys: createSigningKeys(db, new Uint8Array(32)),
  tenants: createTenantRegistry(db),
  hasher: await createPasswordHasher({ memoryKib: 8, passes: 1 }),
  queue: createAccountQueue(),
  sessionDays: 1,
  refreshTokenDays: 1,
};
await writeOpenapi(new URL('../openapi.json', import.meta.url), routers(deps), {
  title: 'Zoco users',
  version: '0.1.0',
  description:
    'Tenants, users with their sessions and roles, favorites and wishlists, B2B customers, API keys, and the keys that access tokens are verified with.',
});
