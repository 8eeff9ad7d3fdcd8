import { createHmac, createPublicKey } from 'node:crypto';
import { newId } from '@zoco/kernel';
import { type CryptoKey, exportJWK, generateKeyPair, importJWK, SignJWT } from 'jose';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { createUsersWorld, type SignedInUser, type UsersWorld } from '../fixtures/world.ts';
import { loadSigningKeys } from './actions/load-signing-keys.ts';
import { unseal } from './sealing.ts';
import { createSigningKeys } from './signing-keys.ts';

/** Every token here is shown to the running app, whose verifier is the one of production. */
let world: UsersWorld;
let user: SignedInUser;
let key: { kid: string; private: CryptoKey | Uint8Array; publicPem: string };
let strangersKey: CryptoKey;
let good: { header: Record<string, unknown>; payload: Record<string, unknown> };

beforeAll(async () => {
  world = await createUsersWorld();
  user = await world.addUser(await world.addTenant());
  strangersKey = (await generateKeyPair('EdDSA', { crv: 'Ed25519' })).privateKey;
  const current = (await loadSigningKeys(world.db)).find(({ state }) => state === 'current');
  if (current === undefined) throw new Error('there is no current key');
  const text = unseal(world.encryptionKey, current.privateKeySealed ?? '', current.kid);
  const jwk = z
    .object({ kty: z.string(), crv: z.string(), x: z.string(), d: z.string() })
    .parse(JSON.parse(text));
  const publicKey = createPublicKey({ key: { kty: jwk.kty, crv: jwk.crv, x: jwk.x }, format: 'jwk' });
  key = {
    kid: current.kid,
    private: await importJWK(jwk, 'EdDSA'),
    publicPem: publicKey.export({ type: 'spki', format: 'pem' }),
  };
  const [header = '', payload = ''] = user.token.split('.');
  good = { header: decode(header), payload: decode(payload) };
});
afterAll(() => world[Symbol.asyncDispose]());

const decode = (part: string): Record<string, unknown> =>
  z.record(z.string(), z.unknown()).parse(JSON.parse(Buffer.from(part, 'base64url').toString()));
const encode = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');
const now = () => Math.floor(Date.now() / 1000);

/** A token of our own key, right but for what is changed; undefined removes a claim. */
async function signed(
  payload: Record<string, unknown> = {},
  header: Record<string, unknown> = {},
  privateKey: CryptoKey | Uint8Array = key.private,
): Promise<string> {
  const claims = Object.fromEntries(
    Object.entries({ ...good.payload, ...payload }).filter(([, value]) => value !== undefined),
  );
  const kept = Object.fromEntries(
    Object.entries({ ...good.header, ...header }).filter(([, value]) => value !== undefined),
  );
  return new SignJWT(claims)
    .setProtectedHeader({ ...kept, alg: 'EdDSA' })
    .sign(privateKey, { crit: { zoco: true } });
}

/** Three parts put together by hand, for what no library would sign. */
const raw = (header: unknown, payload: unknown, signature: string): string =>
  `${encode(header)}.${encode(payload)}.${signature}`;
const signatureOf = (token: string): string => token.split('.')[2] ?? '';

async function otherAlgorithm(alg: 'RS256' | 'ES256' | 'PS256'): Promise<string> {
  const { privateKey } = await generateKeyPair(alg);
  return new SignJWT(good.payload).setProtectedHeader({ ...good.header, alg }).sign(privateKey);
}

function hmacWithPublicKey(alg: 'HS256' | 'HS512'): string {
  const input = `${encode({ ...good.header, alg })}.${encode(good.payload)}`;
  const hash = alg === 'HS256' ? 'sha256' : 'sha512';
  return `${input}.${createHmac(hash, key.publicPem).update(input).digest('base64url')}`;
}

async function ownKeyInHeader(field: 'jwk' | 'jku' | 'x5u' | 'x5c'): Promise<string> {
  const { privateKey, publicKey } = await generateKeyPair('EdDSA', { crv: 'Ed25519' });
  const value = {
    jwk: await exportJWK(publicKey),
    jku: 'https://attacker.example/jwks.json',
    x5u: 'https://attacker.example/cert.pem',
    x5c: ['MIIB'],
  }[field];
  return signed({}, { [field]: value, kid: undefined }, privateKey);
}

const bearer = (token: string): Record<string, string> => ({ authorization: `Bearer ${token}` });

const BAD: readonly (readonly [string, () => string | Promise<string>])[] = [
  ['no signature, alg none', () => raw({ ...good.header, alg: 'none' }, good.payload, '')],
  ['alg None in another spelling', () => raw({ ...good.header, alg: 'nOnE' }, good.payload, '')],
  [
    'alg none with the old signature',
    () => raw({ ...good.header, alg: 'none' }, good.payload, signatureOf(user.token)),
  ],
  ['HS256 with the public key as secret', () => hmacWithPublicKey('HS256')],
  ['HS512 with the public key as secret', () => hmacWithPublicKey('HS512')],
  ['RS256', () => otherAlgorithm('RS256')],
  ['PS256', () => otherAlgorithm('PS256')],
  ['ES256', () => otherAlgorithm('ES256')],
  ['no alg', () => raw({ ...good.header, alg: undefined }, good.payload, signatureOf(user.token))],
  ['its own key as jwk', () => ownKeyInHeader('jwk')],
  ['its own key by jku', () => ownKeyInHeader('jku')],
  ['its own key by x5u', () => ownKeyInHeader('x5u')],
  ['its own key as x5c', () => ownKeyInHeader('x5c')],
  ['a key of a stranger under our key id', () => signed({}, {}, strangersKey)],
  ['an unknown key id', () => signed({}, { kid: 'unknown' })],
  ['a key id that is a path', () => signed({}, { kid: '../../../../dev/null' })],
  ['a key id that is SQL', () => signed({}, { kid: "' or '1'='1" })],
  ['a key id of 3,000 characters', () => signed({}, { kid: 'k'.repeat(3000) })],
  ['a key id that is a number', () => raw({ ...good.header, kid: 1 }, good.payload, signatureOf(user.token))],
  ['a key id that is __proto__', () => signed({}, { kid: '__proto__' })],
  ['no key id', () => signed({}, { kid: undefined })],
  ['a critical header that nobody knows', () => signed({}, { crit: ['zoco'], zoco: true })],
  [
    'an empty list of critical headers',
    () => raw({ ...good.header, crit: [] }, good.payload, signatureOf(user.token)),
  ],
  ['the type of an id token', () => signed({}, { typ: 'JWT' })],
  ['the type of a service token', () => signed({}, { typ: 'svc+jwt' })],
  ['no type', () => signed({}, { typ: undefined })],
  ['another issuer', () => signed({ iss: 'https://attacker.example' })],
  ['no issuer', () => signed({ iss: undefined })],
  ['another audience', () => signed({ aud: 'catalog' })],
  ['no audience', () => signed({ aud: undefined })],
  ['no expiry', () => signed({ exp: undefined })],
  ['expired', () => signed({ iat: now() - 920, exp: now() - 20 })],
  ['an expiry that is a text', () => signed({ exp: '9999999999' })],
  ['no time of issue', () => signed({ iat: undefined })],
  [
    'issued an hour ago with an expiry far away',
    () => signed({ iat: now() - 3600, exp: now() + 31_536_000 }),
  ],
  ['issued in an hour', () => signed({ iat: now() + 3600, exp: now() + 4500 })],
  ['not valid before an hour from now', () => signed({ nbf: now() + 3600 })],
  ['no subject', () => signed({ sub: undefined })],
  ['an empty subject', () => signed({ sub: '' })],
  ['a subject of 65 characters', () => signed({ sub: 'u'.repeat(65) })],
  ['a subject that is an object', () => signed({ sub: { $ne: null } })],
  ['no token id', () => signed({ jti: undefined })],
  ['no tenant', () => signed({ tid: undefined })],
  ['a list of tenants', () => signed({ tid: [user.tenantId, 'acme'] })],
  ['a tenant that cannot be', () => signed({ tid: '../acme' })],
  ['no roles', () => signed({ roles: undefined })],
  ['an empty list of roles', () => signed({ roles: [] })],
  ['a role that does not exist', () => signed({ roles: ['root'] })],
  ['roles as a text', () => signed({ roles: 'admin' })],
  ['scopes as a list', () => signed({ scope: ['users:write'] })],
  [
    'a changed claim under the old signature',
    () => raw(good.header, { ...good.payload, roles: ['platform'] }, signatureOf(user.token)),
  ],
  [
    'a claim twice',
    () => {
      const twice = `${JSON.stringify(good.payload).slice(0, -1)},"roles":["platform"]}`;
      return `${encode(good.header)}.${Buffer.from(twice).toString('base64url')}.${signatureOf(user.token)}`;
    },
  ],
  ['its signature cut', () => user.token.slice(0, -4)],
  ['two parts', () => user.token.split('.').slice(0, 2).join('.')],
  ['five parts, as if encrypted', () => `${user.token}.a.b`],
  ['a payload that is no JSON', () => `${encode(good.header)}.bm9wZQ.${signatureOf(user.token)}`],
  ['a header that is no JSON', () => `bm9wZQ.${encode(good.payload)}.${signatureOf(user.token)}`],
  ['a payload that is a list', () => raw(good.header, [good.payload], signatureOf(user.token))],
  ['64 kB', () => signed({ padding: 'x'.repeat(64 * 1024) })],
  ['a refresh token', () => user.refreshToken],
  ['one character', () => 'x'],
];

describe('a token is refused with 401 and no detail when it has', () => {
  test.each(BAD)('%s', async (_name, make) => {
    const answer = await world.request('GET', '/api/v1/users/profile', { headers: bearer(await make()) });
    const { code, detail } = answer.body;
    expect([answer.status, code, detail]).toEqual([401, 'token_invalid', 'The access token is not valid.']);
    expect(answer.headers.get('www-authenticate')).toBe('Bearer');
  });

  test('there are at least forty of them, and the one they were made from is good', async () => {
    expect(BAD.length).toBeGreaterThanOrEqual(40);
    const answer = await world.request('GET', '/api/v1/users/profile', { headers: bearer(await signed()) });
    expect(answer).toMatchObject({ status: 200, body: { id: user.id } });
  });
});

describe('the header is refused with 401 when it has', () => {
  test.each([
    ['another scheme', () => `Basic ${Buffer.from('ana:secret').toString('base64')}`],
    ['no scheme', () => user.token],
    ['nothing after the scheme', () => 'Bearer '],
    ['two tokens', () => `Bearer ${user.token} ${user.token}`],
    ['a comma between two', () => `Bearer ${user.token}, Bearer ${user.token}`],
    ['DPoP', () => `DPoP ${user.token}`],
  ])('%s', async (_name, make) => {
    const answer = await world.request('GET', '/api/v1/users/profile', {
      headers: { authorization: make() },
    });
    expect(answer).toMatchObject({ status: 401, body: { code: 'token_invalid' } });
  });
});

describe('a good signature does not make a session', () => {
  test.each([
    ['a session that never was', () => signed({ jti: `${newId('session')}.1` })],
    ['a user who never was', () => signed({ sub: newId('user') })],
    [
      'the session of another user',
      async () => {
        const other = await world.addUser(user.tenantId);
        return signed({ sub: other.id });
      },
    ],
  ])('%s', async (_name, make) => {
    const answer = await world.request('GET', '/api/v1/users/profile', { headers: bearer(await make()) });
    expect(answer).toMatchObject({ status: 401, body: { code: 'token_revoked' } });
  });
});

test('a flood of unknown key ids does not reach the database more than once in five seconds', async () => {
  const counted: string[] = [];
  const { work } = world.db;
  const counting = { ...world.db, work: ((run) => (counted.push('work'), work(run))) as typeof work };
  const keys = createSigningKeys(counting, world.encryptionKey);
  for (let n = 0; n < 200; n += 1) {
    await expect(
      keys.publicKeys({ alg: 'EdDSA', kid: `kid-${n}` }, { payload: '', signature: '' }),
    ).rejects.toThrow(/no applicable key/);
  }
  expect(counted.length).toBeLessThanOrEqual(1);
});
