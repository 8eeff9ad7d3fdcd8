import { userUpdated, tenantUpdated } from '@zoco/contracts';
import { record } from '@zoco/events';
import { newId, Problem } from '@zoco/kernel';
import type { Database, Tx } from '@zoco/postgres';
import { findTenant, insertTenant } from '../db/tenants.ts';
import { findUserByEmail, updateUserRow, type User } from '../db/users.ts';
import type { PasswordHasher } from '../password-hasher.ts';
import { isEmail, normalizeEmail } from '../rules/email.ts';
import { assertPassword } from '../rules/password.ts';
import { PLATFORM_TENANT } from '../rules/roles.ts';
import { withDefaults } from '../rules/tenant-settings.ts';
import { userSnapshotOf } from '../user-snapshot.ts';
import { addUser } from './add-user.ts';

/**
 * Makes sure that the platform's tenant and one administrator of the platform exist. An account that exists keeps its
 * password; the role and the right to sign in are given back to it.
 * @throws Problem `email_invalid`, `password_refused`
 */
export async function createPlatformAdmin(
  deps: { readonly db: Database; readonly hasher: PasswordHasher },
  input: { readonly email: string; readonly password: string },
): Promise<'created' | 'restored' | 'unchanged'> {
  const email = normalizeEmail(input.email);
  if (!isEmail(email)) throw new Problem('invalid', 'email_invalid', 'That is no e-mail address.');
  assertPassword('password', input.password, email);
  const passwordHash = await deps.hasher.hash(input.password);
  return deps.db.transact(PLATFORM_TENANT, async (tx) => {
    await ensureTenant(tx);
    const known = await findUserByEmail(tx, email);
    if (known !== undefined) return restore(tx, known);
    const names = { firstName: 'Platform', lastName: 'Admin' };
    await addUser(tx, { id: newId('user'), email, ...names, passwordHash, roles: ['platform'] });
    return 'created';
  });
}

async function ensureTenant(tx: Tx): Promise<void> {
  if ((await findTenant(tx, PLATFORM_TENANT)) !== undefined) return;
  const given = { id: PLATFORM_TENANT, name: 'Zoco', currency: 'EUR', locale: 'en-US' } as const;
  const settings = { ...withDefaults(given), version: 1 };
  await insertTenant(tx, settings);
  await record(tx, tenantUpdated, { aggregateId: settings.id, version: 1, data: settings });
}

async function restore(tx: Tx, user: User): Promise<'restored' | 'unchanged'> {
  if (user.active && user.roles.includes('platform')) return 'unchanged';
  const changed = await updateUserRow(tx, user.id, {
    active: true,
    roles: [...new Set([...user.roles, 'platform' as const])],
  });
  const { version } = changed;
  await record(tx, userUpdated, { aggregateId: user.id, version, data: userSnapshotOf(changed) });
  return 'restored';
}
