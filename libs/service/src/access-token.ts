import { Problem, type TenantId } from '@zoco/kernel';
import { roleField, type Role, tenantIdField } from '@zoco/contracts';
import { createRemoteJWKSet, errors, type JWTVerifyGetKey, jwtVerify } from 'jose';
import { z } from 'zod';

/** Issuer and audience of the access tokens that `users` signs. */
export const TOKEN_ISSUER = 'zoco-users';
export const TOKEN_AUDIENCE = 'zoco';
export const ACCESS_TOKEN_SECONDS = 900;

const claims = z.object({
  sub: z.string().min(1).max(64),
  tid: tenantIdField,
  roles: z.array(roleField).min(1),
  jti: z.string().min(1).max(64),
  exp: z.int(),
  iat: z.int(),
  /** Present on the tokens of machine clients: what their API key may do, separated by spaces. */
  scope: z.string().max(1000).optional(),
});

/** Who makes a request. */
export interface Principal {
  /** `usr_…`, or `key_…` for a machine client. */
  readonly id: string;
  readonly tenantId: TenantId;
  readonly roles: readonly Role[];
  readonly tokenId: string;
  readonly issuedAtSeconds: number;
  /** Scopes of a machine client; undefined for a person, who may do all that the roles allow. */
  readonly scopes: readonly string[] | undefined;
}

export type VerifyAccessToken = (token: string) => Promise<Principal>;

const CACHE_MAX = 5000;
// A revoked key must stop working within a minute: half of it for the keys to be fetched, half for this memory.
const KEYS_REFRESH_MS = 30_000;
const REMEMBER_MS = 30_000;
const KEYS_STALE_MS_MAX = 3_600_000;

/**
 * Keys of `users`: fetched when first needed, on an unknown key id at most twice a minute, and again in the background every
 * half minute. While `users` is away the last known keys serve for an hour.
 */
export function remoteKeys(usersUrl: string): JWTVerifyGetKey {
  const keys = createRemoteJWKSet(new URL('/.well-known/jwks.json', usersUrl), {
    timeoutDuration: 2000,
    cooldownDuration: 30_000,
    cacheMaxAge: KEYS_STALE_MS_MAX,
  });
  let refreshAtMs = 0;
  return async (header, token) => {
    if (Date.now() >= refreshAtMs) {
      refreshAtMs = Date.now() + KEYS_REFRESH_MS;
      // The keys at hand stay in use when this fails.
      if (keys.jwks() !== undefined) keys.reload().catch(() => {});
    }
    return keys(header, token);
  };
}

/**
 * Verifies access tokens: EdDSA only, our issuer and audience, every claim required (RFC 8725, RFC 9068).
 * Verified tokens are remembered for half a minute; the signature is the costly part.
 */
export function accessTokenVerifier(keys: JWTVerifyGetKey): VerifyAccessToken {
  const verified = new Map<string, { principal: Principal; expiresAtMs: number }>();

  return async (token) => {
    const known = verified.get(token);
    if (known && known.expiresAtMs > Date.now()) return known.principal;
    verified.delete(token);
    const { principal, expiresAtMs } = await verify(token, keys);
    if (verified.size >= CACHE_MAX) verified.delete(verified.keys().next().value ?? '');
    verified.set(token, { principal, expiresAtMs: Math.min(expiresAtMs, Date.now() + REMEMBER_MS) });
    return principal;
  };
}

async function verify(
  token: string,
  keys: JWTVerifyGetKey,
): Promise<{ principal: Principal; expiresAtMs: number }> {
  if (token.length > 4096) throw invalidToken();
  try {
    const { payload } = await jwtVerify(token, keys, {
      algorithms: ['EdDSA'],
      issuer: TOKEN_ISSUER,
      audience: TOKEN_AUDIENCE,
      typ: 'at+jwt',
      requiredClaims: ['exp', 'iat', 'sub', 'jti', 'tid'],
      maxTokenAge: ACCESS_TOKEN_SECONDS,
      clockTolerance: 5,
    });
    const known = claims.parse(payload);
    return {
      expiresAtMs: known.exp * 1000,
      principal: {
        id: known.sub,
        tenantId: known.tid,
        roles: known.roles,
        tokenId: known.jti,
        issuedAtSeconds: known.iat,
        scopes: known.scope?.split(' '),
      },
    };
  } catch (cause) {
    if (cause instanceof errors.JWKSTimeout || isNetworkFailure(cause)) {
      throw new Problem('unavailable', 'keys_unavailable', 'Tokens cannot be verified at the moment.', {
        cause,
        retryAfterSeconds: 2,
      });
    }
    throw invalidToken(cause);
  }
}

/** jose passes on what `fetch` throws (TypeError) and a generic error for an answer that is not 200. */
function isNetworkFailure(error: unknown): boolean {
  return (
    error instanceof TypeError || (error instanceof errors.JOSEError && error.code === 'ERR_JOSE_GENERIC')
  );
}

function invalidToken(cause?: unknown): Problem {
  return new Problem('unauthenticated', 'token_invalid', 'The access token is not valid.', { cause });
}
