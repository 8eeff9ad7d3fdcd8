import { createLocalJWKSet, type JWTVerifyGetKey } from 'jose';
import { z } from 'zod';
import type { KubernetesApi } from './kubernetes-api.ts';

/** What a cluster signs its ServiceAccount tokens with, and as whom. */
export interface SigningKeys {
  readonly issuer: string;
  readonly kids: ReadonlySet<string>;
  readonly find: JWTVerifyGetKey;
}

export interface ClusterKeys {
  /**
   * The keys at hand, fetched anew when `kid` is not among them. Whoever asks for keys that nobody has makes us ask at most every ten
   * seconds. @throws Error when none could be fetched yet
   */
  forKid(kid: string): Promise<SigningKeys>;
  /** @throws Error until keys are there */
  checkLoaded(): Promise<void>;
}

const configuration = z.object({ issuer: z.string().min(1) });
const keySet = z.object({
  keys: z.array(z.looseObject({ kid: z.string(), kty: z.enum(['RSA', 'EC']) })).min(1),
});

const REFRESH_MS = 300_000;
const UNKNOWN_KID_MS = 10_000;
const FIRST_RETRY_MS = 1000;

/**
 * Issuer and keys of ServiceAccount tokens, as the API server publishes them. The keys at hand stay in use while it is away: the tokens
 * that they verify end by themselves, and nobody makes new ones meanwhile. Its own JWKS path is asked and not the `jwks_uri` that it names,
 * which is another host on some clouds.
 */
export function createClusterKeys(
  api: KubernetesApi,
  nowMs: () => number = () => performance.now(),
): ClusterKeys {
  let current: SigningKeys | undefined;
  let fetching: Promise<void> | undefined;
  let triedAtMs = -Infinity;
  let failure: unknown;

  async function fetchKeys(): Promise<void> {
    try {
      const [about, jwks] = await Promise.all([
        api.get('/.well-known/openid-configuration'),
        api.get('/openid/v1/jwks'),
      ]);
      const { keys } = keySet.parse(jwks);
      const kids = new Set(keys.map(({ kid }) => kid));
      current = { issuer: configuration.parse(about).issuer, kids, find: createLocalJWKSet({ keys }) };
    } catch (error) {
      failure = error;
    } finally {
      fetching = undefined;
    }
  }

  /** Resolves when the keys are as fresh as they can be; never rejects. */
  function refresh(pauseMs: number): Promise<void> {
    if (fetching === undefined && nowMs() >= triedAtMs + pauseMs) {
      triedAtMs = nowMs();
      fetching = fetchKeys();
    }
    return fetching ?? Promise.resolve();
  }

  async function loaded(): Promise<SigningKeys> {
    if (current === undefined) await refresh(FIRST_RETRY_MS);
    if (current !== undefined) return current;
    throw new Error('the keys of the cluster are not loaded: does the API server answer?', {
      cause: failure,
    });
  }

  return {
    async forKid(kid) {
      const known = await loaded();
      if (!known.kids.has(kid)) await refresh(UNKNOWN_KID_MS);
      else void refresh(REFRESH_MS);
      return current ?? known;
    },
    async checkLoaded() {
      await loaded();
    },
  };
}
