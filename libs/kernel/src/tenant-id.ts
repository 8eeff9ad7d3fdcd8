/** Slug of a tenant: also a Kubernetes name and one token of a NATS subject. */
export type TenantId = string & { readonly __kind: 'tenant' };

export const TENANT_ID_PATTERN = /^[a-z][a-z0-9-]{1,30}$/;

export function isTenantId(value: unknown): value is TenantId {
  return typeof value === 'string' && TENANT_ID_PATTERN.test(value);
}

/**
 * Brands a slug that is known to be one (a literal, a database column).
 * @throws RangeError when it is not; what comes from outside goes through a schema instead.
 */
export function tenantId(value: string): TenantId {
  if (!isTenantId(value)) throw new RangeError('not a tenant id');
  return value;
}
