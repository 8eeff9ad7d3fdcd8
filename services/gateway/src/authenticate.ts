import { Problem } from '@zoco/kernel';
import type { Principal, VerifyAccessToken } from '@zoco/service';
import type { ApiKeys } from './api-keys.ts';
import type { Exchange } from './exchange.ts';
import { rateLimited } from './gateway-metrics.ts';
import type { RateLimiter } from './rate-limiter.ts';
import { addressGroup } from './rules/client-address.ts';
import { credentialsOf } from './rules/credentials.ts';
import { type Defaults, failedTokenLimit } from './rules/rate-limits.ts';

export interface AuthenticateOptions {
  readonly verifyToken: VerifyAccessToken;
  readonly apiKeys: ApiKeys;
  readonly limiter: RateLimiter;
  readonly defaults: Defaults;
}

/** Who makes a request, and the access token that proves it to the services. */
export interface Authenticated {
  readonly principal: Principal;
  readonly authorization: string;
}

/**
 * Checks the token or API key of a request. Whoever keeps sending wrong ones is stopped before they are looked at.
 * @returns undefined when it carries none
 * @throws Problem `token_invalid`, `api_key_invalid`, `rate_limit_exceeded`
 */
export async function authenticate(
  exchange: Exchange,
  { verifyToken, apiKeys, limiter, defaults }: AuthenticateOptions,
): Promise<Authenticated | undefined> {
  const { headers } = exchange.request;
  if (headers.authorization === undefined && headers['x-api-key'] === undefined) return undefined;
  const limit = failedTokenLimit(addressGroup(exchange.client.address), defaults);
  if (limiter.isUsedUp(limit)) throw limited(limit.policy, limit.windowSeconds);
  try {
    const credentials = credentialsOf(headers);
    if (credentials.kind === 'none') return undefined;
    const token = credentials.kind === 'token' ? credentials.token : await apiKeys.exchange(credentials.key);
    return { principal: await verifyToken(token), authorization: `Bearer ${token}` };
  } catch (error) {
    if (error instanceof Problem && error.kind === 'unauthenticated') await limiter.take([limit]);
    throw error;
  }
}

/** The refusal of a request beyond a limit. */
export function limited(policy: string, retryAfterSeconds: number): Problem {
  rateLimited.inc({ policy });
  return new Problem('limited', 'rate_limit_exceeded', `Too many requests: the ${policy} limit is used up.`, {
    retryAfterSeconds,
  });
}
