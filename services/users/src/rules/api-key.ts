import type { Role } from '@zoco/contracts';
import { type FieldError, Problem } from '@zoco/kernel';
import { rankOf } from './roles.ts';

export const API_KEY_DAYS_MAX = 365;
export const API_KEY_DAYS_DEFAULT = 90;
/** So short that a revoked key is dead within minutes, although nobody asks again while its token lives. */
export const API_KEY_TOKEN_SECONDS = 300;

/** What a machine client can be: never a customer, who is a person, and never platform, which governs all tenants. */
export type ApiKeyRole = 'staff' | 'admin';

// Role that the routes of an area ask for, where it is more than staff.
const ADMIN_AREAS = new Set(['users', 'tenants']);

/** The role without which a scope opens nothing. */
export function roleForScope(scope: string): ApiKeyRole {
  const [area = ''] = scope.split(':');
  return ADMIN_AREAS.has(area) ? 'admin' : 'staff';
}

/**
 * A key can do no more than its maker, and carries no scope that its role could not use.
 * @throws Problem `api_key_above_own` (403), `api_key_scope_useless` (422) naming the scopes
 */
export function assertKeyAllowed(maker: readonly Role[], role: ApiKeyRole, scopes: readonly string[]): void {
  if (rankOf([role]) > rankOf(maker)) {
    throw new Problem('forbidden', 'api_key_above_own', 'A key cannot have a role above your own.');
  }
  const errors = scopes.flatMap((scope): FieldError[] =>
    rankOf([roleForScope(scope)]) > rankOf([role])
      ? [{ field: 'scopes', code: 'scope_above_role', detail: `${scope} needs the role admin` }]
      : [],
  );
  if (errors.length > 0) {
    throw new Problem('invalid', 'api_key_scope_useless', 'The role of the key is below its scopes.', {
      errors,
    });
  }
}
