import type { TenantSettings } from '@zoco/contracts';

/** One limit that a request counts against. */
export interface Limit {
  /** Name in the `RateLimit` headers. */
  readonly policy: 'address' | 'checkout' | 'tenant' | 'user' | 'webhook';
  /** Who shares it. */
  readonly key: string;
  readonly requests: number;
  readonly windowSeconds: number;
}

/** Requests within a time. */
export interface Quota {
  readonly requests: number;
  readonly window_seconds: number;
}

export interface Requester {
  /** Tenant that the request is about, where one is known. */
  readonly tenant: TenantSettings | undefined;
  readonly principal: { readonly id: string; readonly tenantId: string } | undefined;
  /** Group of addresses that the client belongs to. */
  readonly address: string;
  readonly checkout: boolean;
  readonly webhook: boolean;
}

/** Quotas of those who belong to no tenant. */
export interface Defaults {
  readonly address: Quota;
  readonly webhook: Quota;
}

/**
 * The limits of a request, the narrowest first. A signed-in user has one per account, everybody else one per address; the
 * tenant has one for all of its users together, and buying has one of its own.
 */
export function limitsOf(requester: Requester, defaults: Defaults): Limit[] {
  const { tenant, principal, address, checkout, webhook } = requester;
  if (webhook) return [limit('webhook', `webhook:${address}`, defaults.webhook)];
  const quota = tenant?.rate_limits.user ?? defaults.address;
  const who = principal ? `${principal.tenantId}:${principal.id}` : `${tenant?.id ?? ''}:${address}`;
  const limits = [limit(principal ? 'user' : 'address', who, quota)];
  if (tenant === undefined) return limits;
  if (checkout) limits.unshift(limit('checkout', `checkout:${who}`, tenant.rate_limits.checkout));
  limits.push(limit('tenant', tenant.id, tenant.rate_limits.tenant));
  return limits;
}

/** The limit on tokens that turn out to be invalid: each costs a signature check or a question to users. */
export function failedTokenLimit(address: string, defaults: Defaults): Limit {
  return limit('address', `token:${address}`, defaults.address);
}

function limit(policy: Limit['policy'], key: string, quota: Quota): Limit {
  return { policy, key, requests: quota.requests, windowSeconds: quota.window_seconds };
}

/** Where a limit stands after a request. */
export interface LimitState {
  readonly limit: Limit;
  readonly remaining: number;
  /** Until some of what is used up counts no more. */
  readonly resetSeconds: number;
}

/**
 * `RateLimit-Policy` and `RateLimit` as structured fields. The tenant's own limit is told only to whom it stops: how much a
 * shop has left says how much it sells.
 * @see https://datatracker.ietf.org/doc/draft-ietf-httpapi-ratelimit-headers/
 */
export function rateLimitHeaders(states: readonly LimitState[], refusedBy?: Limit): string[] {
  const told = states.filter(({ limit: one }) => one.policy !== 'tenant' || one === refusedBy);
  return [
    'ratelimit-policy',
    told.map(({ limit: one }) => `"${one.policy}";q=${one.requests};w=${one.windowSeconds}`).join(', '),
    'ratelimit',
    told
      .map(({ limit: one, remaining, resetSeconds }) => `"${one.policy}";r=${remaining};t=${resetSeconds}`)
      .join(', '),
  ];
}
