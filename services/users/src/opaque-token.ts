import { createHash, randomBytes } from 'node:crypto';
import { isTenantId, type TenantId } from '@zoco/kernel';

/** `zrt` refresh tokens, `zk` API keys. The prefix lets secret scanners find what was leaked. */
export type TokenKind = 'zrt' | 'zk';

/** `<kind>_<tenant>.<256 random bits>`: it names its tenant, so that whoever shows it need not. */
export function newOpaqueToken(kind: TokenKind, tenantId: TenantId): string {
  return `${kind}_${tenantId}.${randomBytes(32).toString('base64url')}`;
}

/** Tenant of a token; undefined for what cannot be one. */
export function tenantOfToken(kind: TokenKind, token: string): TenantId | undefined {
  const [, found, tenant] = /^(zrt|zk)_([^.]{1,64})\.[\w-]{43}$/.exec(token) ?? [];
  return found === kind && isTenantId(tenant) ? tenant : undefined;
}

/** What is stored of a token. It is random throughout, so a fast hash without salt is enough. */
export function hashToken(token: string): string {
  return createHash('sha256').update(token).digest('base64url');
}
