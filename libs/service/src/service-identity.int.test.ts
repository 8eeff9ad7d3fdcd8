import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { exportJWK, generateKeyPair, type JWK, SignJWT } from 'jose';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createIdentity, loadIdentity } from './service-identity.ts';

let folder: string;
type PrivateKey = Awaited<ReturnType<typeof generateKeyPair>>['privateKey'];
const keys = new Map<
  string,
  { readonly privateKey: PrivateKey; readonly privateJwk: JWK; readonly publicJwk: JWK }
>();

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'zoco-identity-'));
  for (const name of ['orders', 'catalog', 'cart']) {
    const { privateKey, publicKey } = await generateKeyPair('EdDSA', { crv: 'Ed25519', extractable: true });
    const privateJwk = { ...(await exportJWK(privateKey)), kid: name, alg: 'EdDSA', use: 'sig' };
    const publicJwk = { ...(await exportJWK(publicKey)), kid: name, alg: 'EdDSA', use: 'sig' };
    keys.set(name, { privateKey, privateJwk, publicJwk });
    writeFileSync(join(folder, `${name}.json`), JSON.stringify(privateJwk));
  }
  writeFileSync(join(folder, 'jwks.json'), JSON.stringify(jwks()));
});
afterAll(() => rmSync(folder, { recursive: true }));

const jwks = () => ({ keys: [...keys.values()].map(({ publicJwk }) => publicJwk) });
const load = (name: string, keyFile = `${name}.json`, jwksFile = 'jwks.json') =>
  loadIdentity({ name, keyFile: join(folder, keyFile), jwksFile: join(folder, jwksFile) });
const keyOf = (name: string) => keys.get(name) ?? keys.values().next().value;

test('a service proves who it is by its own key, to the one it calls', async () => {
  const [orders, catalog] = await Promise.all([load('orders'), load('catalog')]);
  const token = await orders.tokenFor('catalog');
  expect(await catalog.verify(token)).toBe('orders');
  expect(await catalog.verify(token), 'known by now').toBe('orders');
  expect(await orders.tokenFor('catalog'), 'still good').toBe(token);
  expect(await orders.tokenFor('cart')).not.toBe(token);
});

describe('401 for', () => {
  const seconds = () => Math.floor(Date.now() / 1000);
  const header = { alg: 'EdDSA', kid: 'orders', typ: 'svc+jwt' };
  const claims = () => ({
    iss: 'zoco-service',
    sub: 'orders',
    aud: 'catalog',
    iat: seconds(),
    exp: seconds() + 300,
  });
  const sign = (changes: object, headerChanges: object = {}, by = 'orders') =>
    new SignJWT({ ...claims(), ...changes })
      .setProtectedHeader({ ...header, ...headerChanges })
      .sign(keyOf(by)?.privateKey ?? new Uint8Array());

  test('nothing: this one is right', async () => {
    expect(await (await load('catalog')).verify(await sign({}))).toBe('orders');
  });

  test.each<[string, () => Promise<string> | string]>([
    ['rubbish', () => 'a.b.c'],
    ['a token for another service', () => sign({ aud: 'payments' })],
    ['a service that signs as another one', () => sign({}, {}, 'cart')],
    ['a service that names another one', () => sign({ sub: 'gateway' })],
    ['one with the key of cart that says orders', () => sign({ sub: 'orders' }, { kid: 'cart' }, 'cart')],
    ['a subject that is no service', () => sign({ sub: 'root' })],
    ['another issuer', () => sign({ iss: 'zoco-users' })],
    ['an access token', () => sign({}, { typ: 'at+jwt' })],
    ['an expired one', () => sign({ iat: seconds() - 400, exp: seconds() - 10 })],
    ['one that is good for a year', () => sign({ iat: seconds() - 3600, exp: seconds() + 31_536_000 })],
    ['one from the future', () => sign({ iat: seconds() + 100 })],
  ])('%s', async (_what, token) => {
    const catalog = await load('catalog');
    await expect(catalog.verify(await token())).rejects.toMatchObject({
      status: 401,
      code: 'service_token_invalid',
    });
  });
});

describe('a service does not start with', () => {
  test.each([
    ['a name that is none', () => load('shop', 'orders.json'), /shop is not the name of a service/],
    ['a key file that is missing', () => load('orders', 'nothing.json'), /ENOENT/],
    ['a public key in place of its own', () => load('orders', 'public.json'), /"d"/],
    ['no keys of the others', () => load('orders', 'orders.json', 'empty.json'), /"keys"/],
    ['a key of another kind', () => load('orders', 'rsa.json'), /"kty"/],
  ])('%s', async (_what, start, reason) => {
    writeFileSync(join(folder, 'public.json'), JSON.stringify(keyOf('orders')?.publicJwk));
    writeFileSync(join(folder, 'empty.json'), '{"keys":[]}');
    writeFileSync(join(folder, 'rsa.json'), '{"kty":"RSA","n":"x","e":"AQAB","d":"x"}');
    await expect(start()).rejects.toThrow(reason);
  });
});

test('a token is renewed before it ends, so that none arrives too late', async () => {
  const orders = await createIdentity('orders', keyOf('orders')?.privateJwk ?? {}, jwks());
  const first = await orders.tokenFor('catalog');
  const [, payload = ''] = first.split('.');
  const { exp, iat } = JSON.parse(Buffer.from(payload, 'base64url').toString()) as {
    exp: number;
    iat: number;
  };
  expect(exp - iat).toBe(300);
});
