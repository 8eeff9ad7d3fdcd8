import { type Role, SERVICE_NAMES, type ServiceName } from '@zoco/contracts';
import { newId, type TenantId } from '@zoco/kernel';
import {
  ACCESS_TOKEN_SECONDS,
  accessTokenVerifier,
  createIdentity,
  type ServiceIdentity,
  TOKEN_AUDIENCE,
  TOKEN_ISSUER,
  type VerifyAccessToken,
} from '@zoco/service';
import { createLocalJWKSet, exportJWK, generateKeyPair, type JWK, SignJWT } from 'jose';

export interface TokenOptions {
  readonly tenantId: TenantId;
  readonly roles?: readonly Role[];
  /** Id of the user; default a new one. */
  readonly userId?: string;
  readonly scope?: string;
}

/** Keys of `users` and of every service, made for one test file. */
export interface TestTokens {
  readonly verifyToken: VerifyAccessToken;
  /** An access token as `users` would sign it. */
  sign(options: TokenOptions): Promise<string>;
  identity(service: ServiceName): Promise<ServiceIdentity>;
}

export async function createTestTokens(): Promise<TestTokens> {
  const { privateKey, publicKey } = await generateKeyPair('EdDSA', { crv: 'Ed25519' });
  const jwks = { keys: [{ ...(await exportJWK(publicKey)), kid: 'test', alg: 'EdDSA' }] };
  const services = new Map<ServiceName, { key: JWK; publicJwk: JWK }>();
  for (const name of SERVICE_NAMES) {
    const pair = await generateKeyPair('EdDSA', { crv: 'Ed25519', extractable: true });
    services.set(name, {
      key: { ...(await exportJWK(pair.privateKey)), alg: 'EdDSA' },
      publicJwk: { ...(await exportJWK(pair.publicKey)), kid: name, alg: 'EdDSA' },
    });
  }
  const serviceJwks = { keys: [...services.values()].map(({ publicJwk }) => publicJwk) };
  return {
    verifyToken: accessTokenVerifier(createLocalJWKSet(jwks)),
    sign: ({ tenantId, roles = ['customer'], userId = newId('user'), scope }) =>
      new SignJWT({ tid: tenantId, roles, ...(scope === undefined ? {} : { scope }) })
        .setProtectedHeader({ alg: 'EdDSA', kid: 'test', typ: 'at+jwt' })
        .setIssuer(TOKEN_ISSUER)
        .setAudience(TOKEN_AUDIENCE)
        .setSubject(userId)
        .setJti(newId('session'))
        .setIssuedAt()
        .setExpirationTime(`${ACCESS_TOKEN_SECONDS}s`)
        .sign(privateKey),
    identity(service) {
      const found = services.get(service);
      if (found === undefined) throw new Error(`no key for ${service}`);
      return createIdentity(service, found.key, serviceJwks);
    },
  };
}
