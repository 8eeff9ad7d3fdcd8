import { isServiceName, type ServiceName } from '@zoco/contracts';
import { Problem } from '@zoco/kernel';
import { decodeProtectedHeader, errors, jwtVerify } from 'jose';
import type { ClusterKeys } from './cluster-keys.ts';
import type { ServiceIdentity } from './service-identity.ts';

export interface ClusterIdentityOptions {
  readonly name: ServiceName;
  /** The token for a callee. */
  readonly tokenFor: (callee: ServiceName) => Promise<string>;
  readonly keys: ClusterKeys;
  /** `system:serviceaccount:<namespace>:<release>-`: what follows in a token's subject is the name of a service. */
  readonly subjectsPrefix: string;
}

/** Audience of the tokens that a service accepts. */
export const audienceOf = (callee: ServiceName) => `zoco-${callee}`;

const TOKEN_BYTES_MAX = 8192;
// The chart asks for an hour; a cluster may make it longer, but not a day.
const TOKEN_SECONDS_MAX = 7200;
const CALLERS_MAX = 1000;

/**
 * Identity by the ServiceAccount tokens of the cluster (RFC 7519, KEP-1205): each names one caller and one callee, and lasts an hour.
 * A token is verified once and remembered until it ends.
 */
export function createClusterIdentity(options: ClusterIdentityOptions): ServiceIdentity {
  const { name, keys, subjectsPrefix } = options;
  const callers = new Map<string, { caller: ServiceName; expiresAtMs: number }>();

  async function verifySignature(token: string): Promise<{ caller: ServiceName; expiresAtMs: number }> {
    if (token.length > TOKEN_BYTES_MAX) throw invalidToken();
    const { kid } = read(() => decodeProtectedHeader(token));
    if (kid === undefined) throw invalidToken();
    const { issuer, find } = await keys.forKid(kid).catch((cause: unknown) => {
      throw keysUnavailable(cause);
    });
    try {
      const { payload } = await jwtVerify(token, find, {
        algorithms: ['RS256', 'ES256'],
        issuer,
        audience: audienceOf(name),
        requiredClaims: ['exp', 'iat', 'sub', 'aud'],
        maxTokenAge: TOKEN_SECONDS_MAX,
        clockTolerance: 5,
      });
      const { sub = '', aud, exp = 0, iat = 0 } = payload;
      // One that is good for another service, too, could be passed on to it.
      if (Array.isArray(aud) && aud.length !== 1) throw new Error('several audiences');
      const caller = sub.startsWith(subjectsPrefix) ? sub.slice(subjectsPrefix.length) : '';
      if (!isServiceName(caller)) throw new Error('the subject is no service of this installation');
      return { caller, expiresAtMs: Math.min(exp, iat + TOKEN_SECONDS_MAX) * 1000 };
    } catch (cause) {
      throw invalidToken(cause);
    }
  }

  return {
    name,
    tokenFor: options.tokenFor,
    checkReady: () => keys.checkLoaded(),
    async verify(token) {
      const known = callers.get(token);
      if (known && known.expiresAtMs > Date.now()) return known.caller;
      callers.delete(token);
      const verified = await verifySignature(token);
      if (callers.size >= CALLERS_MAX) callers.delete(callers.keys().next().value ?? '');
      callers.set(token, verified);
      return verified.caller;
    },
  };
}

function read<T>(decode: () => T): T {
  try {
    return decode();
  } catch (cause) {
    throw invalidToken(cause);
  }
}

function invalidToken(cause: unknown = new errors.JWTInvalid('not a token')): Problem {
  return new Problem('unauthenticated', 'service_token_invalid', 'The service token is not valid.', {
    cause,
  });
}

function keysUnavailable(cause: unknown): Problem {
  return new Problem('unavailable', 'keys_unavailable', 'Tokens cannot be verified at the moment.', {
    cause,
    retryAfterSeconds: 2,
  });
}
