import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { newId, tenantId } from '@zoco/kernel';
import { exportJWK, generateKeyPair, type JWK, SignJWT } from 'jose';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { accessTokenVerifier, remoteKeys, TOKEN_AUDIENCE, TOKEN_ISSUER } from './access-token.ts';

const MINUTE_MS = 60_000;

async function newKey(kid: string) {
  const { privateKey, publicKey } = await generateKeyPair('EdDSA', { crv: 'Ed25519' });
  const publicJwk: JWK = { ...(await exportJWK(publicKey)), kid, alg: 'EdDSA' };
  const sign = () =>
    new SignJWT({ tid: tenantId('acme'), roles: ['customer'] })
      .setProtectedHeader({ alg: 'EdDSA', kid, typ: 'at+jwt' })
      .setIssuer(TOKEN_ISSUER)
      .setAudience(TOKEN_AUDIENCE)
      .setSubject(newId('user'))
      .setJti(newId('session'))
      .setIssuedAt(Math.floor(Date.now() / 1000))
      .setExpirationTime(Math.floor(Date.now() / 1000) + 900)
      .sign(privateKey);
  return { publicJwk, sign };
}

/** A stand-in for the one route of `users` that verifiers ask, at a real address. */
async function serveKeys(keys: JWK[]) {
  const state = { keys, fetches: 0, up: true };
  const server = createServer((_request, response) => {
    state.fetches += 1;
    response.statusCode = state.up ? 200 : 503;
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify({ keys: state.keys }));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    state,
    url: `http://127.0.0.1:${port}`,
    [Symbol.asyncDispose]: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

const advance = (ms: number) => vi.setSystemTime(Date.now() + ms);

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['Date'] });
});
afterEach(() => {
  vi.useRealTimers();
});

describe('the keys of users, as other services know them', () => {
  test('while users is away the last known keys serve for an hour, then tokens answer 503', async () => {
    const key = await newKey('one');
    await using users = await serveKeys([key.publicJwk]);
    const verify = accessTokenVerifier(remoteKeys(users.url));
    await verify(await key.sign());
    users.state.up = false;
    advance(59 * MINUTE_MS);
    await expect(verify(await key.sign())).resolves.toMatchObject({ tenantId: 'acme' });
    advance(2 * MINUTE_MS);
    await expect(verify(await key.sign())).rejects.toMatchObject({ code: 'keys_unavailable', status: 503 });
  });

  test('a revoked key stops working within a minute, also for a token that was verified before', async () => {
    const [old, fresh] = [await newKey('old'), await newKey('fresh')];
    await using users = await serveKeys([old.publicJwk]);
    const verify = accessTokenVerifier(remoteKeys(users.url));
    const token = await old.sign();
    await verify(token);
    users.state.keys = [fresh.publicJwk];
    advance(MINUTE_MS / 2);
    // This use still finds the key, and has the keys fetched anew behind it.
    await verify(token);
    await vi.waitFor(async () => verify(await fresh.sign()));
    advance(MINUTE_MS / 2);
    await expect(verify(token)).rejects.toMatchObject({ code: 'token_invalid' });
  });

  test('a flood of unknown key ids costs two fetches a minute', async () => {
    const [known, unknown] = [await newKey('known'), await newKey('unknown')];
    await using users = await serveKeys([known.publicJwk]);
    const verify = accessTokenVerifier(remoteKeys(users.url));
    await verify(await known.sign());
    for (let second = 0; second < 60; second += 1) {
      await verify(await unknown.sign()).catch(() => {});
      advance(1000);
    }
    expect(users.state.fetches).toBeLessThanOrEqual(3);
  });
});
