import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:https';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ServiceName } from '@zoco/contracts';
import {
  createTestAuthority,
  startTestApiServer,
  TEST_SUBJECTS_PREFIX,
  type TestApiServer,
} from '@zoco/testing';
import { generateKeyPair, SignJWT } from 'jose';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { createClusterIdentity } from './cluster-identity.ts';
import { createClusterKeys } from './cluster-keys.ts';
import { createKubernetesApi } from './kubernetes-api.ts';
import { openIdentity } from './open-identity.ts';
import type { ServiceIdentity } from './service-identity.ts';
import { createTokenFiles } from './token-files.ts';

let server: TestApiServer;
let dir: string;
let nowMs: number;
beforeAll(async () => {
  server = await startTestApiServer();
});
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'zoco-tokens-'));
  nowMs = 0;
  server.outage = undefined;
  server.requests.length = 0;
});
afterEach(() => rmSync(dir, { recursive: true }));
afterAll(() => server[Symbol.asyncDispose]());

const clusterOf = (url: string) => createKubernetesApi({ url, dir: server.credentialsDir });

/** A service as the API server at `url` lets it be. */
function service(name: ServiceName, url = server.url): ServiceIdentity {
  return createClusterIdentity({
    name,
    tokenFor: createTokenFiles(dir),
    keys: createClusterKeys(clusterOf(url), () => nowMs),
    subjectsPrefix: TEST_SUBJECTS_PREFIX,
  });
}
const refusal = { status: 401, code: 'service_token_invalid' };
const keyRequests = () => server.requests.filter((path) => path === '/openid/v1/jwks').length;

test('a service proves who it is by the token that the cluster made for one callee', async () => {
  const catalog = service('catalog');
  const orders = service('orders');
  server.project(dir, 'catalog', await server.sign());
  expect(await catalog.verify(await orders.tokenFor('catalog'))).toBe('orders');
});

test('keys that sign with ES256 do as well', async () => {
  await server.rotateKeys('ES256');
  expect(await service('catalog').verify(await server.sign())).toBe('orders');
});

describe('401 for', () => {
  const seconds = () => Math.floor(Date.now() / 1000);
  const foreign = async (claims: object, alg = 'RS256', kid = 'of-nobody') => {
    const { privateKey } = await generateKeyPair(alg);
    return new SignJWT({
      iss: server.issuer,
      sub: `${TEST_SUBJECTS_PREFIX}orders`,
      aud: ['zoco-catalog'],
      iat: seconds(),
      exp: seconds() + 3600,
      ...claims,
    })
      .setProtectedHeader({ alg, kid })
      .sign(privateKey);
  };
  const unsigned = (header: object) =>
    `${Buffer.from(JSON.stringify(header)).toString('base64url')}.e30.${Buffer.from('x').toString('base64url')}`;
  const kidOf = (token: string) =>
    (JSON.parse(Buffer.from(token.split('.')[0] ?? '', 'base64url').toString()) as { kid: string }).kid;

  test.each<[string, () => Promise<string> | string]>([
    ['rubbish', () => 'a.b.c'],
    ['nothing', () => ''],
    ['no signature', () => unsigned({ alg: 'none', kid: 'key-1' })],
    ['a token without a key id', () => server.sign({}, { kid: undefined })],
    ['a token for another service', () => server.sign({ aud: ['zoco-payments'] })],
    ['a token for the API server', () => server.sign({ aud: [server.issuer] })],
    ['a token for several services', () => server.sign({ aud: ['zoco-catalog', 'zoco-payments'] })],
    ['a token for nobody', () => server.sign({ aud: undefined })],
    ['another issuer', () => server.sign({ iss: 'https://oidc.example' })],
    [
      'a ServiceAccount of another namespace',
      () => server.sign({ sub: 'system:serviceaccount:bank:zoco-orders' }),
    ],
    ['one of another release', () => server.sign({ sub: 'system:serviceaccount:shop:test-orders' })],
    ['one that is no service', () => server.sign({ sub: `${TEST_SUBJECTS_PREFIX}grafana` })],
    [
      'one whose name only ends like a service',
      () => server.sign({ sub: `${TEST_SUBJECTS_PREFIX}x-orders` }),
    ],
    ['the bare prefix', () => server.sign({ sub: TEST_SUBJECTS_PREFIX })],
    ['no subject', () => server.sign({ sub: undefined })],
    ['an expired one', () => server.sign({ iat: seconds() - 3700, exp: seconds() - 10 })],
    ['one without an end', () => server.sign({ exp: undefined })],
    ['one that does not say when it was made', () => server.sign({ iat: undefined })],
    ['one from the future', () => server.sign({ iat: seconds() + 100 })],
    ['one that is not good yet', () => server.sign({ nbf: seconds() + 100 })],
    [
      'one that is older than any should get',
      () => server.sign({ iat: seconds() - 7300, exp: seconds() + 9999 }),
    ],
    ['one signed by somebody else', () => foreign({})],
    [
      'one signed by somebody else who names our key',
      async () => foreign({}, 'RS256', kidOf(await server.sign())),
    ],
    ['a stronger algorithm that no cluster uses', () => foreign({}, 'ES384')],
    ['a key of an installation without a cluster', () => foreign({}, 'EdDSA')],
    ['one that is far too long', () => server.sign({ more: 'x'.repeat(9000) })],
  ])('%s', async (_what, token) => {
    await expect(service('catalog').verify(await token())).rejects.toMatchObject(refusal);
  });
});

test('a token is verified once and remembered until it ends', async () => {
  const catalog = service('catalog');
  const token = await server.sign();
  await catalog.verify(token);
  // Whatever could verify it again is gone.
  await server.rotateKeys();
  nowMs += 3_600_000;
  server.outage = 500;
  expect(await catalog.verify(token)).toBe('orders');
  const other = await server.sign();
  await expect(catalog.verify(other)).rejects.toMatchObject(refusal);
});

describe('keys', () => {
  test('are fetched once for all', async () => {
    const catalog = service('catalog');
    const tokens = await Promise.all([1, 2, 3].map((jti) => server.sign({ jti })));
    await Promise.all(tokens.map((token) => catalog.verify(token)));
    expect(keyRequests()).toBe(1);
  });

  test('that are new are found when a token names them, and nobody can make us ask without end', async () => {
    const catalog = service('catalog');
    await catalog.verify(await server.sign());
    await server.rotateKeys();
    const token = await server.sign();
    await expect(catalog.verify(token), 'asked a moment ago').rejects.toMatchObject(refusal);
    expect(keyRequests()).toBe(1);
    nowMs += 10_000;
    expect(await catalog.verify(token)).toBe('orders');
    for (let kid = 0; kid < 20; kid += 1) {
      await expect(catalog.verify(await server.sign({}, { kid: `guess-${kid}` }))).rejects.toMatchObject(
        refusal,
      );
    }
    expect(keyRequests()).toBe(2);
  });

  test('serve on while the API server is away', async () => {
    const catalog = service('catalog');
    await catalog.verify(await server.sign());
    for (const outage of [0, 401, 403, 500, 503]) {
      server.outage = outage;
      nowMs += 86_400_000;
      expect(await catalog.verify(await server.sign({ jti: outage }))).toBe('orders');
    }
    expect(keyRequests()).toBeGreaterThan(1);
  });

  test('that never came are a 503 and no readiness, until the API server answers', async () => {
    const catalog = service('catalog');
    const token = await server.sign();
    server.outage = 503;
    await expect(catalog.verify(token)).rejects.toMatchObject({ status: 503, code: 'keys_unavailable' });
    await expect(catalog.checkReady()).rejects.toThrow('does the API server answer?');
    const asked = keyRequests();
    await expect(catalog.verify(token)).rejects.toMatchObject({ code: 'keys_unavailable' });
    expect(keyRequests(), 'not again within a second').toBe(asked);
    server.outage = undefined;
    nowMs += 1000;
    await catalog.checkReady();
    expect(await catalog.verify(token)).toBe('orders');
  });

  test('come from the API server alone: another one with another CA is not believed', async () => {
    const { certificate, key } = createTestAuthority().issue(['127.0.0.1']);
    const impostor = createServer({ cert: certificate, key }, (_request, response) => response.end('{}'));
    impostor.listen(0, '127.0.0.1');
    await once(impostor, 'listening');
    const url = `https://127.0.0.1:${(impostor.address() as AddressInfo).port}`;
    await expect(service('catalog', url).verify(await server.sign())).rejects.toMatchObject({
      code: 'keys_unavailable',
      cause: { cause: { code: expect.stringMatching(/CERT|SIGNATURE|ISSUER/) as string } },
    });
    impostor.close();
  });
});

describe('the token for a callee', () => {
  const expiring = (inSeconds: number, jti: string) =>
    server.sign({ jti, exp: Math.floor(Date.now() / 1000) + inSeconds });

  test('is kept in memory, and the one that the kubelet writes later is found', async () => {
    let wallMs = Date.now();
    const tokenFor = createTokenFiles(dir, () => wallMs);
    const [first, second] = [await expiring(3600, 'first'), await expiring(3600, 'second')];
    server.project(dir, 'catalog', first);
    expect(await tokenFor('catalog')).toBe(first);
    server.project(dir, 'catalog', second);
    expect(await tokenFor('catalog'), 'no look at the disk').toBe(first);
    wallMs += 30_000;
    expect(await tokenFor('catalog')).toBe(second);
  });

  test('is read at once when the one in memory is over', async () => {
    let wallMs = Date.now();
    const tokenFor = createTokenFiles(dir, () => wallMs);
    server.project(dir, 'catalog', await expiring(10, 'short'));
    await tokenFor('catalog');
    const next = await expiring(3600, 'long');
    server.project(dir, 'catalog', next);
    wallMs += 11_000;
    expect(await tokenFor('catalog')).toBe(next);
  });

  test('serves to its end while the file cannot be read, and not longer', async () => {
    let wallMs = Date.now();
    const tokenFor = createTokenFiles(dir, () => wallMs);
    const token = await expiring(3600, 'only');
    server.project(dir, 'catalog', token);
    await tokenFor('catalog');
    writeFileSync(join(dir, 'catalog', 'token'), 'half a tok');
    wallMs += 60_000;
    expect(await tokenFor('catalog')).toBe(token);
    wallMs += 3_600_000;
    await expect(tokenFor('catalog')).rejects.toThrow('there is no token for catalog');
  });

  test('is missing for a service that may not be called', async () => {
    await expect(createTokenFiles(dir)('payments')).rejects.toThrow('there is no token for payments');
  });
});

test('the configuration chooses', async () => {
  server.project(dir, 'catalog', await server.sign());
  const config = {
    SERVICE_IDENTITY: 'kubernetes' as const,
    SERVICE_IDENTITY_TOKEN_DIR: dir,
    SERVICE_IDENTITY_SUBJECTS_PREFIX: TEST_SUBJECTS_PREFIX,
    KUBERNETES_API_URL: server.url,
    KUBERNETES_API_DIR: server.credentialsDir,
  };
  const [orders, catalog] = await Promise.all([
    openIdentity('orders', config),
    openIdentity('catalog', config),
  ]);
  expect(await catalog.verify(await orders.tokenFor('catalog'))).toBe('orders');
  await expect(openIdentity('orders', { ...config, SERVICE_IDENTITY: 'keys' })).rejects.toThrow(
    'SERVICE_IDENTITY_KEY_FILE is missing',
  );
});
