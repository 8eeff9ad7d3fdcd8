import { newId, Problem } from '@zoco/kernel';
import { createLocalJWKSet, exportJWK, exportSPKI, generateKeyPair, type JWTPayload, SignJWT } from 'jose';
import { beforeAll, describe, expect, test } from 'vitest';
import { accessTokenVerifier, TOKEN_AUDIENCE, TOKEN_ISSUER, type VerifyAccessToken } from './access-token.ts';

type KeyPair = Awaited<ReturnType<typeof generateKeyPair>>;

let ours: KeyPair;
let theirs: KeyPair;
let verify: VerifyAccessToken;

beforeAll(async () => {
  [ours, theirs] = await Promise.all([
    generateKeyPair('EdDSA', { crv: 'Ed25519', extractable: true }),
    generateKeyPair('EdDSA', { crv: 'Ed25519', extractable: true }),
  ]);
  const jwk = { ...(await exportJWK(ours.publicKey)), kid: 'one', alg: 'EdDSA' };
  verify = accessTokenVerifier(createLocalJWKSet({ keys: [jwk] }));
});

const seconds = () => Math.floor(Date.now() / 1000);
const header = { alg: 'EdDSA', kid: 'one', typ: 'at+jwt' };
const claims = (): JWTPayload => ({
  iss: TOKEN_ISSUER,
  aud: TOKEN_AUDIENCE,
  sub: newId('user'),
  jti: newId('session'),
  tid: 'acme',
  roles: ['customer'],
  iat: seconds(),
  exp: seconds() + 900,
});

const sign = (payload: JWTPayload, protectedHeader: object = header, key = ours.privateKey) =>
  new SignJWT(payload).setProtectedHeader(protectedHeader as { alg: string }).sign(key);

const base64 = (value: unknown) =>
  Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url');

test('a right token tells who it is', async () => {
  const payload = claims();
  expect(await verify(await sign({ ...payload, scope: 'orders:read cart:read' }))).toEqual({
    id: payload.sub,
    tenantId: 'acme',
    roles: ['customer'],
    tokenId: payload.jti,
    issuedAtSeconds: payload.iat,
    scopes: ['orders:read', 'cart:read'],
  });
});

const without = (name: string) => () => {
  const { [name]: _gone, ...rest } = claims();
  return sign(rest);
};
const having = (change: (payload: JWTPayload) => JWTPayload) => () =>
  sign({ ...claims(), ...change(claims()) });

const BAD: [string, () => string | Promise<string>][] = [
  ['empty', () => ''],
  ['no token at all', () => 'not.a.token'],
  ['two parts', async () => (await sign(claims())).split('.').slice(0, 2).join('.')],
  ['four parts', async () => `${await sign(claims())}.x`],
  ['without a signature', async () => (await sign(claims())).replace(/[^.]*$/, '')],
  ['a signature cut short', async () => (await sign(claims())).slice(0, -4)],
  [
    'other claims under its signature',
    async () => swapClaims(await sign(claims()), { ...claims(), roles: ['platform'] }),
  ],
  ['signed by another key under our key id', () => sign(claims(), header, theirs.privateKey)],
  ['an unknown key id', () => sign(claims(), { ...header, kid: 'two' }, theirs.privateKey)],
  ['alg none', () => `${base64({ alg: 'none', typ: 'at+jwt', kid: 'one' })}.${base64(claims())}.`],
  ['alg None with a signature', async () => swapHeader(await sign(claims()), { ...header, alg: 'None' })],
  ['HS256 with the public key as its secret', hmacWithPublicKey],
  ['ES256 in the header', async () => swapHeader(await sign(claims()), { ...header, alg: 'ES256' })],
  ['another RSA key', signedByRsa],
  [
    'a key of its own in the header',
    async () => sign(claims(), { ...header, jwk: await exportJWK(theirs.publicKey) }, theirs.privateKey),
  ],
  [
    'a place where its key is',
    () => sign(claims(), { ...header, jku: 'http://127.0.0.1:9/jwks.json' }, theirs.privateKey),
  ],
  [
    'a critical header that nobody knows',
    async () => swapHeader(await sign(claims()), { ...header, crit: ['x'], x: 1 }),
  ],
  ['typ JWT', () => sign(claims(), { ...header, typ: 'JWT' })],
  ['a service token', () => sign(claims(), { ...header, typ: 'svc+jwt' })],
  ['no typ', () => sign(claims(), { alg: 'EdDSA', kid: 'one' })],
  ['another issuer', having(() => ({ iss: 'zoco-service' }))],
  ['another audience', having(() => ({ aud: 'orders' }))],
  ['without iss', without('iss')],
  ['without aud', without('aud')],
  ['without sub', without('sub')],
  ['without jti', without('jti')],
  ['without tid', without('tid')],
  ['without roles', without('roles')],
  ['without iat', without('iat')],
  ['without exp', without('exp')],
  ['expired', having(() => ({ exp: seconds() - 10 }))],
  [
    'older than a token may get, though it says otherwise',
    having(() => ({ iat: seconds() - 3600, exp: seconds() + 3600 })),
  ],
  ['from the future', having(() => ({ iat: seconds() + 60 }))],
  ['not valid yet', having(() => ({ nbf: seconds() + 60 }))],
  ['a tenant that is a list', having(() => ({ tid: ['acme', 'libros'] }))],
  ['a tenant that cannot be one', having(() => ({ tid: 'ACME; drop' }))],
  ['no roles', having(() => ({ roles: [] }))],
  ['an unknown role', having(() => ({ roles: ['root'] }))],
  ['roles as text', having(() => ({ roles: 'platform' }))],
  ['an empty subject', having(() => ({ sub: '' }))],
  ['a scope that is a list', having(() => ({ scope: ['orders:read'] }))],
  ['64 kB', having(() => ({ junk: 'x'.repeat(65_536) }))],
];

describe('the same 401 for every token that is not right', () => {
  test.each(BAD)('%s', async (_what, token) => {
    const refused = await verify(await token()).catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(Problem);
    expect(refused).toMatchObject({
      status: 401,
      code: 'token_invalid',
      message: 'The access token is not valid.',
      extensions: {},
    });
  });
});

test('a key of another kind among the keys opens nothing, though it signed well', async () => {
  const rsa = await generateKeyPair('RS256');
  const jwk = { ...(await exportJWK(rsa.publicKey)), kid: 'rsa', alg: 'RS256' };
  const verifyAny = accessTokenVerifier(createLocalJWKSet({ keys: [jwk] }));
  const token = await sign(claims(), { ...header, alg: 'RS256', kid: 'rsa' }, rsa.privateKey);
  await expect(verifyAny(token)).rejects.toMatchObject({ status: 401, code: 'token_invalid' });
});

test('a token that was right is refused once it has expired', async () => {
  const token = await sign({ ...claims(), iat: seconds() - 898, exp: seconds() + 1 });
  await expect(verify(token)).resolves.toMatchObject({ tenantId: 'acme' });
  const expired = await sign({ ...claims(), iat: seconds() - 910, exp: seconds() - 6 });
  await expect(verify(expired)).rejects.toMatchObject({ status: 401 });
});

function swapClaims(token: string, payload: JWTPayload): string {
  const [head, , signature] = token.split('.');
  return `${head}.${base64(payload)}.${signature}`;
}

function swapHeader(token: string, protectedHeader: object): string {
  return token.replace(/^[^.]*/, base64(protectedHeader));
}

async function hmacWithPublicKey(): Promise<string> {
  const secret = new TextEncoder().encode(await exportSPKI(ours.publicKey));
  return new SignJWT(claims()).setProtectedHeader({ ...header, alg: 'HS256' }).sign(secret);
}

async function signedByRsa(): Promise<string> {
  const { privateKey } = await generateKeyPair('RS256');
  return sign(claims(), { ...header, alg: 'RS256' }, privateKey);
}
