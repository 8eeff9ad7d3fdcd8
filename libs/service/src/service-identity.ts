import { readFile } from 'node:fs/promises';
import { isServiceName, type ServiceName } from '@zoco/contracts';
import { Problem } from '@zoco/kernel';
import { createLocalJWKSet, importJWK, type JSONWebKeySet, type JWK, jwtVerify, SignJWT } from 'jose';
import { z } from 'zod';

/** How a service proves to another who it is, and checks who calls. */
export interface ServiceIdentity {
  readonly name: ServiceName;
  /** A token for one callee, valid for five minutes, renewed a minute before its end. */
  tokenFor(callee: ServiceName): Promise<string>;
  /** Name of the caller. @throws Problem `unauthenticated` when the token is not one for this service */
  verify(token: string): Promise<ServiceName>;
  /** For readiness of a service that is called. @throws Error until callers can be verified */
  checkReady(): Promise<void>;
}

const TOKEN_SECONDS = 300;
const RENEW_BEFORE_SECONDS = 60;
const ISSUER = 'zoco-service';
const CALLERS_MAX = 200;

// Ed25519 keys as RFC 8037 writes them.
const publicJwk = z.object({ kty: z.literal('OKP'), crv: z.literal('Ed25519'), x: z.string() });
const keyFile = publicJwk.extend({ d: z.string() });
const jwksFile = z.object({ keys: z.array(publicJwk.extend({ kid: z.string() })).min(1) });

/** Identity from this service's own Ed25519 key and the public keys of all services, both as JWK files. */
export async function loadIdentity(options: {
  name: string;
  keyFile: string;
  jwksFile: string;
}): Promise<ServiceIdentity> {
  const key = keyFile.parse(JSON.parse(await readFile(options.keyFile, 'utf8')));
  const jwks = jwksFile.parse(JSON.parse(await readFile(options.jwksFile, 'utf8')));
  if (!isServiceName(options.name)) throw new Error(`${options.name} is not the name of a service`);
  return createIdentity(options.name, key, jwks);
}

/** The same from keys in memory. */
export async function createIdentity(
  name: ServiceName,
  key: JWK,
  jwks: JSONWebKeySet,
): Promise<ServiceIdentity> {
  const privateKey = await importJWK(key, 'EdDSA');
  const publicKeys = createLocalJWKSet(jwks);
  const tokens = new Map<ServiceName, { token: string; renewAtMs: number }>();
  const callers = new Map<string, { caller: ServiceName; expiresAtMs: number }>();

  async function sign(callee: ServiceName): Promise<string> {
    const token = await new SignJWT()
      .setProtectedHeader({ alg: 'EdDSA', kid: name, typ: 'svc+jwt' })
      .setIssuer(ISSUER)
      .setSubject(name)
      .setAudience(callee)
      .setIssuedAt()
      .setExpirationTime(`${TOKEN_SECONDS}s`)
      .sign(privateKey);
    tokens.set(callee, { token, renewAtMs: Date.now() + (TOKEN_SECONDS - RENEW_BEFORE_SECONDS) * 1000 });
    return token;
  }

  async function verify(token: string): Promise<ServiceName> {
    const known = callers.get(token);
    if (known && known.expiresAtMs > Date.now()) return known.caller;
    try {
      const { payload, protectedHeader } = await jwtVerify(token, publicKeys, {
        algorithms: ['EdDSA'],
        issuer: ISSUER,
        audience: name,
        typ: 'svc+jwt',
        requiredClaims: ['exp', 'iat', 'sub'],
        maxTokenAge: TOKEN_SECONDS,
        clockTolerance: 5,
      });
      const caller = payload.sub ?? '';
      // The key that signed must be the key of the service that the token names.
      if (!isServiceName(caller) || protectedHeader.kid !== caller) throw new Error('subject and key differ');
      if (callers.size >= CALLERS_MAX) callers.clear();
      callers.set(token, { caller, expiresAtMs: (payload.exp ?? 0) * 1000 });
      return caller;
    } catch (cause) {
      throw new Problem('unauthenticated', 'service_token_invalid', 'The service token is not valid.', {
        cause,
      });
    }
  }

  return {
    name,
    verify,
    checkReady: async () => {},
    async tokenFor(callee) {
      const known = tokens.get(callee);
      return known && known.renewAtMs > Date.now() ? known.token : sign(callee);
    },
  };
}
