import { createPrivateKey, createPublicKey, sign, verify } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SERVICE_NAMES } from '@zoco/contracts';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openSecrets } from './secrets.ts';

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'zoco-secrets-'));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

const read = (file: string) => JSON.parse(readFileSync(file, 'utf8'));

test('made once, then kept', () => {
  const first = openSecrets(dir);
  const [keys, jwks] = [read(first.identityKeyFile('users')), read(first.identityJwksFile)];
  const second = openSecrets(dir);
  expect(second.rolePasswords).toEqual(first.rolePasswords);
  expect(second.usersKeyEncryptionKey).toBe(first.usersKeyEncryptionKey);
  expect([read(second.identityKeyFile('users')), read(second.identityJwksFile)]).toEqual([keys, jwks]);
  expect(Buffer.from(first.usersKeyEncryptionKey, 'base64url')).toHaveLength(32);
});

test('only their owner may read them', () => {
  const { identityKeyFile } = openSecrets(dir);
  for (const file of [join(dir, 'secrets.json'), ...SERVICE_NAMES.map(identityKeyFile)]) {
    expect(statSync(file).mode & 0o777, file).toBe(0o600);
  }
});

test('what a service signs, the public keys prove to be its own', () => {
  const secrets = openSecrets(dir);
  const { keys } = read(secrets.identityJwksFile);
  expect(keys.map((key: { kid: string }) => key.kid)).toEqual(SERVICE_NAMES);
  for (const service of SERVICE_NAMES) {
    const jwk = keys.find((key: { kid: string }) => key.kid === service);
    expect(jwk).not.toHaveProperty('d');
    const message = Buffer.from(service);
    const privateKey = createPrivateKey({ key: read(secrets.identityKeyFile(service)), format: 'jwk' });
    const publicKey = createPublicKey({ key: jwk, format: 'jwk' });
    expect(verify(null, message, publicKey, sign(null, message, privateKey))).toBe(true);
  }
});

test('no two passwords are the same', () => {
  const all = Object.values(openSecrets(dir).rolePasswords).flatMap((roles) => Object.values(roles));
  expect(new Set(all).size).toBe(all.length);
});
