import type { Role } from '@zoco/contracts';
import { Problem, type TenantId } from '@zoco/kernel';
import type { Database } from '@zoco/postgres';
import { ACCESS_TOKEN_SECONDS, TOKEN_AUDIENCE, TOKEN_ISSUER } from '@zoco/service';
import { type CryptoKey, errors, importJWK, type JWTVerifyGetKey, SignJWT } from 'jose';
import { z } from 'zod';
import { loadSigningKeys } from './actions/load-signing-keys.ts';
import type { StoredKey } from './db/signing-keys.ts';
import { signingKeyAge } from './metrics.ts';
import { unseal } from './sealing.ts';

export interface AccessTokenClaims {
  /** `usr_…` or `key_…`. */
  readonly subject: string;
  readonly tenantId: TenantId;
  readonly roles: readonly Role[];
  /** Begins with the id of the session or API key that it comes from. */
  readonly tokenId: string;
  /** Of a machine client. */
  readonly scopes?: readonly string[];
  readonly seconds?: number;
}

/** The signing keys in memory, as this replica last read them. */
export interface SigningKeys {
  reload(): Promise<void>;
  sign(claims: AccessTokenClaims): Promise<string>;
  /** For the verifier: the same keys that everybody else fetches from the key set. */
  readonly publicKeys: JWTVerifyGetKey;
  /** The key set that is published: next, current and previous. */
  jwks(): { keys: PublicJwk[] };
  /** For readiness. @throws Problem `keys_not_loaded` while there is no key to sign with */
  checkLoaded(): Promise<void>;
}

const RELOAD_COOLDOWN_MS = 5000;
const okp = { kty: z.literal('OKP'), crv: z.literal('Ed25519'), x: z.string() };
const privateJwk = z.object({ ...okp, d: z.string() });

/** A public key as it is published (RFC 8037). */
export const publicJwkSchema = z.object({
  ...okp,
  kid: z.string(),
  alg: z.literal('EdDSA'),
  use: z.literal('sig'),
});
export type PublicJwk = z.infer<typeof publicJwkSchema>;

/** @param encryptionKey the 32 bytes that the private keys are sealed with */
export function createSigningKeys(db: Database, encryptionKey: Uint8Array): SigningKeys {
  let verifying = new Map<string, CryptoKey | Uint8Array>();
  let published: PublicJwk[] = [];
  let signing: { kid: string; key: CryptoKey | Uint8Array } | undefined;
  let reloadedAtMs = 0;

  async function reload(): Promise<void> {
    reloadedAtMs = performance.now();
    const stored = await loadSigningKeys(db);
    const publics = stored.map(({ publicJwk }) => publicJwkSchema.parse(publicJwk));
    const entries = await Promise.all(
      publics.map(async (jwk) => [jwk.kid, await importJWK(jwk, 'EdDSA')] as const),
    );
    const current = stored.find(({ state }) => state === 'current');
    signing = current && { kid: current.kid, key: await openPrivateKey(current, encryptionKey) };
    if (current) signingKeyAge.set(current.inStateSeconds);
    verifying = new Map(entries);
    published = publics;
  }

  async function publicKeys(header: { kid?: string } | undefined) {
    const kid = header?.kid ?? '';
    // Another replica may have rotated a moment ago; strangers with invented ids must not make us ask the database.
    if (!verifying.has(kid) && performance.now() - reloadedAtMs > RELOAD_COOLDOWN_MS) await reload();
    const key = verifying.get(kid);
    if (key === undefined) throw new errors.JWKSNoMatchingKey();
    return key;
  }

  return {
    reload,
    publicKeys,
    jwks: () => ({ keys: published }),
    async checkLoaded() {
      if (signing === undefined) throw notLoaded();
    },
    async sign(claims) {
      if (signing === undefined) throw notLoaded();
      const { subject, tenantId, roles, tokenId, scopes, seconds = ACCESS_TOKEN_SECONDS } = claims;
      return new SignJWT({ tid: tenantId, roles: [...roles], ...(scopes ? { scope: scopes.join(' ') } : {}) })
        .setProtectedHeader({ alg: 'EdDSA', kid: signing.kid, typ: 'at+jwt' })
        .setIssuer(TOKEN_ISSUER)
        .setAudience(TOKEN_AUDIENCE)
        .setSubject(subject)
        .setJti(tokenId)
        .setIssuedAt()
        .setExpirationTime(`${seconds}s`)
        .sign(signing.key);
    },
  };
}

function notLoaded(): Problem {
  return new Problem('unavailable', 'keys_not_loaded', 'There is no key yet to sign tokens with.', {
    retryAfterSeconds: 1,
  });
}

async function openPrivateKey({ kid, privateKeySealed }: StoredKey, encryptionKey: Uint8Array) {
  let text: string;
  try {
    text = unseal(encryptionKey, privateKeySealed ?? '', kid);
  } catch (cause) {
    throw new Error(
      'the signing key cannot be decrypted: restore USERS_KEY_ENCRYPTION_KEY, or start over with rotate-keys --revoke',
      { cause },
    );
  }
  return importJWK(privateJwk.parse(JSON.parse(text)), 'EdDSA');
}
