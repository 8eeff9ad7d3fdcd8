import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { SERVICE_NAMES, type ServiceName } from '@zoco/contracts';
import { z } from 'zod';
import { errorCode } from './setup-error.ts';

const RolePasswords = z.object({ owner: z.string(), runtime: z.string(), worker: z.string() });
type RolePasswords = z.infer<typeof RolePasswords>;

const PrivateJwk = z.object({
  kty: z.string(),
  crv: z.string(),
  x: z.string(),
  d: z.string(),
  kid: z.string(),
});

const Secrets = z.object({
  rolePasswords: z.record(z.string(), RolePasswords),
  usersKeyEncryptionKey: z.string(),
  stripeWebhookSecret: z.string(),
  cartTokenKey: z.string(),
});

/** What the services need to trust each other and their databases: made once per state folder, then kept. */
export interface LocalSecrets {
  readonly rolePasswords: Readonly<Record<ServiceName, RolePasswords>>;
  /** 32 bytes, base64url: what the users service encrypts its signing keys with. */
  readonly usersKeyEncryptionKey: string;
  /** What the Stripe sandbox signs its webhooks with. */
  readonly stripeWebhookSecret: string;
  /** What the tokens of anonymous carts are signed with. */
  readonly cartTokenKey: string;
  /** A service's own Ed25519 key, as a private JWK. */
  identityKeyFile(service: ServiceName): string;
  /** The public keys of all services; `kid` is the service's name. */
  readonly identityJwksFile: string;
}

/** Reads the secrets of a state folder, making those that are not there yet. Only the owner may read the files. */
export function openSecrets(dir: string): LocalSecrets {
  const file = join(dir, 'secrets.json');
  const kept = readJson(file, Secrets.partial()) ?? {};
  const rolePasswords = Object.fromEntries(
    SERVICE_NAMES.map((name) => [name, kept.rolePasswords?.[name] ?? newRolePasswords()]),
  );
  const usersKeyEncryptionKey = kept.usersKeyEncryptionKey ?? newSecret(32);
  const stripeWebhookSecret = kept.stripeWebhookSecret ?? `whsec_${newSecret(24)}`;
  const cartTokenKey = kept.cartTokenKey ?? newSecret(32);
  const secrets = { rolePasswords, usersKeyEncryptionKey, stripeWebhookSecret, cartTokenKey };
  writePrivately(file, secrets);

  const identityDir = join(dir, 'identity');
  mkdirSync(identityDir, { recursive: true });
  const keyFileOf = (service: ServiceName) => join(identityDir, `${service}.json`);
  const keys = SERVICE_NAMES.map((service) => publicPart(openKey(keyFileOf(service), service)));
  const identityJwksFile = join(identityDir, 'jwks.json');
  writeFileSync(identityJwksFile, JSON.stringify({ keys }));
  return {
    rolePasswords: z.record(z.enum(SERVICE_NAMES), RolePasswords).parse(rolePasswords),
    usersKeyEncryptionKey,
    stripeWebhookSecret,
    cartTokenKey,
    identityKeyFile: keyFileOf,
    identityJwksFile,
  };
}

function openKey(file: string, service: ServiceName): z.infer<typeof PrivateJwk> {
  const kept = readJson(file, PrivateJwk);
  if (kept !== undefined) return kept;
  const jwk = generateKeyPairSync('ed25519').privateKey.export({ format: 'jwk' });
  const key = PrivateJwk.parse({ ...jwk, kid: service });
  writePrivately(file, { ...key, alg: 'EdDSA', use: 'sig' });
  return key;
}

function publicPart({ kty, crv, x, kid }: z.infer<typeof PrivateJwk>): object {
  return { kty, crv, x, kid, alg: 'EdDSA', use: 'sig' };
}

function newRolePasswords(): RolePasswords {
  return { owner: newSecret(24), runtime: newSecret(24), worker: newSecret(24) };
}

function newSecret(byteCount: number): string {
  return randomBytes(byteCount).toString('base64url');
}

function readJson<T>(file: string, schema: z.ZodType<T>): T | undefined {
  try {
    return schema.parse(JSON.parse(readFileSync(file, 'utf8')));
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return undefined;
    throw error;
  }
}

function writePrivately(file: string, value: object): void {
  writeFileSync(`${file}.new`, JSON.stringify(value, null, 2), { mode: 0o600 });
  renameSync(`${file}.new`, file);
}
