import { CALLS, type CallName, type Role } from '@zoco/contracts';
import { Problem } from '@zoco/kernel';
import type { Principal } from './access-token.ts';

/** Who may call a route. Every route declares one; a service with a route that does not refuses to start. */
export type Access =
  | { readonly kind: 'open' }
  | { readonly kind: 'anonymous' }
  | { readonly kind: 'user'; readonly role: Role; readonly scope: Scope }
  | { readonly kind: 'internal'; readonly call: CallName };

/** `<area>:<read|write>`: what an API key can be limited to. */
export const SCOPES = [
  'users:read',
  'users:write',
  'customers:read',
  'customers:write',
  'tenants:read',
  'tenants:write',
  'products:read',
  'products:write',
  'cart:read',
  'cart:write',
  'orders:read',
  'orders:write',
  'payments:read',
  'payments:write',
  'invoices:read',
  'invoices:write',
] as const;
export type Scope = (typeof SCOPES)[number];

/** No tenant and no token: keys, health. */
export const open: Access = { kind: 'open' };

/** A tenant, but no token needed; a valid token is used when it comes. */
export const anonymous: Access = { kind: 'anonymous' };

/** Any signed-in user of the tenant. */
export const signedIn = (scope: Scope): Access => ({ kind: 'user', role: 'customer', scope });

/** Users of the tenant with at least this role: platform > admin > staff > customer. */
export const atLeast = (role: Role, scope: Scope): Access => ({ kind: 'user', role, scope });

/** The services that the call graph names as callers. */
export const internal = (call: CallName): Access => ({ kind: 'internal', call });

const RANK: Readonly<Record<Role, number>> = { customer: 0, staff: 1, admin: 2, platform: 3 };

/** Whether one of the roles is at least `role`. */
export function hasRole(roles: readonly Role[], role: Role): boolean {
  return roles.some((held) => RANK[held] >= RANK[role]);
}

/** @throws Problem `forbidden` when role or scope is missing */
export function authorize(access: Access & { kind: 'user' }, principal: Principal): void {
  if (!hasRole(principal.roles, access.role)) {
    throw new Problem('forbidden', 'role_missing', `This needs the role ${access.role}.`);
  }
  if (principal.scopes !== undefined && !principal.scopes.includes(access.scope)) {
    throw new Problem('forbidden', 'scope_missing', `This API key needs the scope ${access.scope}.`);
  }
}

/** @throws Problem `forbidden` when the call graph has no such edge */
export function authorizeCaller(call: CallName, caller: string): void {
  const callers: readonly string[] = CALLS[call].callers;
  if (!callers.includes(caller)) {
    throw new Problem('forbidden', 'caller_not_allowed', `${caller} may not call this.`);
  }
}
