import { type Role, roleField } from '@zoco/contracts';
import { Problem, tenantId, type TenantId } from '@zoco/kernel';

/** The reserved tenant of the platform's own staff: only there can somebody have the role `platform`. */
export const PLATFORM_TENANT = tenantId('zoco');

/** Position of the highest of the roles; the contract lists them from lowest to highest. */
export function rankOf(roles: readonly Role[]): number {
  return Math.max(-1, ...roles.map((role) => roleField.options.indexOf(role)));
}

/** The role that keeps a tenant governable. */
export function topRole(tenant: TenantId): Role {
  return tenant === PLATFORM_TENANT ? 'platform' : 'admin';
}

/**
 * Nobody changes one who ranks above him, and nobody gives what he does not have.
 * @throws Problem `role_above_own`, `role_platform_reserved`
 */
export function assertMayChange(
  actor: readonly Role[],
  target: { readonly tenantId: TenantId; readonly roles: readonly Role[] },
  wanted: readonly Role[] = target.roles,
): void {
  if (rankOf(target.roles) > rankOf(actor) || rankOf(wanted) > rankOf(actor)) {
    throw new Problem('forbidden', 'role_above_own', 'That role is above your own.');
  }
  if (wanted.includes('platform') && target.tenantId !== PLATFORM_TENANT) {
    throw new Problem(
      'forbidden',
      'role_platform_reserved',
      `Only users of the tenant ${PLATFORM_TENANT} can have the role platform.`,
    );
  }
}

interface Holder {
  readonly id: string;
  readonly roles: readonly Role[];
}

/**
 * A tenant always keeps one who can govern it.
 * @param holders all who can sign in with the tenant's top role
 * @param changed the user as he will be; no roles when he goes
 * @throws Problem `admin_last`
 */
export function assertAdminRemains(tenant: TenantId, holders: readonly Holder[], changed: Holder): void {
  const top = topRole(tenant);
  if (changed.roles.includes(top) || !holders.some(({ id }) => id === changed.id)) return;
  if (holders.every(({ id }) => id === changed.id)) {
    throw new Problem('conflict', 'admin_last', `This is the last active user with the role ${top}.`);
  }
}
