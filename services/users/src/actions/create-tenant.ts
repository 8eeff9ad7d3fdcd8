import { type TenantSettings, tenantUpdated } from '@zoco/contracts';
import { record } from '@zoco/events';
import { newId } from '@zoco/kernel';
import type { Database } from '@zoco/postgres';
import { insertTenant } from '../db/tenants.ts';
import type { User } from '../db/users.ts';
import type { PasswordHasher } from '../password-hasher.ts';
import { assertPassword } from '../rules/password.ts';
import { topRole } from '../rules/roles.ts';
import { addUser } from './add-user.ts';

export interface FirstAdmin {
  /** In its normal form. */
  readonly email: string;
  readonly password: string;
  readonly firstName: string;
  readonly lastName: string;
}

/**
 * Creates a tenant together with the one who governs it.
 * @throws Problem `tenant_taken`, `hostname_taken`, `password_refused`
 */
export async function createTenant(
  deps: { readonly db: Database; readonly hasher: PasswordHasher },
  input: Omit<TenantSettings, 'version'>,
  admin: FirstAdmin,
): Promise<{ settings: TenantSettings; admin: User }> {
  const { password, ...person } = admin;
  assertPassword('admin.password', password, admin.email);
  const passwordHash = await deps.hasher.hash(password);
  const settings = { ...input, version: 1 };
  return deps.db.transact(settings.id, async (tx) => {
    await insertTenant(tx, settings);
    await record(tx, tenantUpdated, { aggregateId: settings.id, version: 1, data: settings });
    const user = { id: newId('user'), ...person, passwordHash, roles: [topRole(settings.id)] };
    return { settings, admin: await addUser(tx, user) };
  });
}
