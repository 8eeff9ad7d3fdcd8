import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { type Api, createApi, expectOk } from './api-client.ts';
import {
  DEMO_PASSWORD,
  DEMO_TENANTS,
  type DemoTenant,
  PLATFORM_EMAIL,
  PLATFORM_TENANT,
} from './seed-data.ts';
import { ROOT } from './repository.ts';
import { runBundle } from './run-bundle.ts';
import type { RunningSystem } from './running-system.ts';

/** What the seed needs of a running system. */
type Seedable = Pick<RunningSystem, 'dir' | 'urls' | 'environment'>;

/**
 * Creates the demo tenants, logins and products through the public API, each only if it is missing; what people have
 * changed since stays as it is.
 * @throws SetupError with the API's answer when something is refused
 */
export async function seedDemo(system: Seedable, onLine: (line: string) => void = () => {}): Promise<void> {
  const api = createApi(system.urls.gateway);
  if (await isSown(api, system.dir)) return;
  await createPlatformLogin(system);
  const platform = await login(api, PLATFORM_TENANT, PLATFORM_EMAIL);
  for (const tenant of DEMO_TENANTS) {
    await createTenant(api, platform, tenant);
    await fillTenant(api, tenant);
    onLine(`seeded    tenant ${tenant.settings.id}: ${tenant.products.length} products`);
  }
  writeFileSync(join(system.dir, 'seeded'), seedDigest());
}

const Session = z.object({ access_token: z.string() });
const Registered = z.object({ user: z.object({ id: z.string() }) });
const Users = z.object({ data: z.array(z.object({ id: z.string(), email: z.string() })) });
const Anything = z.unknown();

/** The last login that a seed makes works, and the seed was this one: then all before it is there. */
async function isSown(api: Api, dir: string): Promise<boolean> {
  const last = DEMO_TENANTS.at(-1)?.settings.id ?? '';
  if (readMark(dir) !== seedDigest()) return false;
  const answer = await tryLogin(api, last, `buyer@${last}.example`);
  return answer.status === 200;
}

function readMark(dir: string): string | undefined {
  try {
    return readFileSync(join(dir, 'seeded'), 'utf8');
  } catch {
    return undefined;
  }
}

function seedDigest(): string {
  return createHash('sha256').update(JSON.stringify(DEMO_TENANTS)).digest('hex');
}

/** The one thing that HTTP cannot do, for nobody may do it yet. */
function createPlatformLogin(system: Seedable): Promise<void> {
  return runBundle(ROOT, 'users', 'create-platform-admin', {
    ...system.environment('users'),
    PLATFORM_ADMIN_EMAIL: PLATFORM_EMAIL,
    PLATFORM_ADMIN_PASSWORD: DEMO_PASSWORD,
  });
}

async function createTenant(api: Api, platform: string, { settings }: DemoTenant): Promise<void> {
  // Asked of the one service that owns tenants, a missing one is an answer and no passing state.
  const known = await api('GET', `/tenants?limit=100`, { token: platform });
  const { data } = expectOk(known, 'GET /tenants', z.object({ data: z.array(z.object({ id: z.string() })) }));
  if (data.some((tenant) => tenant.id === settings.id)) return;
  const admin = { email: adminOf(settings.id), password: DEMO_PASSWORD };
  expectOk(
    await api('POST', '/tenants', { token: platform, body: { ...settings, admin } }),
    'POST /tenants',
    Anything,
  );
}

async function fillTenant(api: Api, { settings, path, products }: DemoTenant): Promise<void> {
  const token = await login(api, settings.id, adminOf(settings.id));
  for (const product of products) {
    const answer = await api('POST', path, { token, body: product });
    if (answer.status !== 409) expectOk(answer, `POST ${path}`, Anything);
  }
  await createUser(api, token, settings.id, 'staff', ['staff']);
  await createUser(api, token, settings.id, 'buyer', ['customer']);
}

async function createUser(
  api: Api,
  adminToken: string,
  tenant: string,
  name: string,
  roles: string[],
): Promise<void> {
  const email = `${name}@${tenant}.example`;
  const search = await api('GET', `/users?search=${encodeURIComponent(email)}`, { token: adminToken });
  const known = expectOk(search, 'GET /users', Users).data.some((user) => user.email === email);
  if (known) return;
  const registered = await api('POST', '/users/register', {
    tenant,
    body: { email, password: DEMO_PASSWORD, first_name: capitalized(name), last_name: capitalized(tenant) },
  });
  const { user } = expectOk(registered, 'POST /users/register', Registered);
  if (roles.includes('customer')) return; // what registration gives
  const changed = await api('PATCH', `/users/${user.id}`, { token: adminToken, body: { roles } });
  expectOk(changed, `PATCH /users/${user.id}`, Anything);
}

async function login(api: Api, tenant: string, email: string): Promise<string> {
  return expectOk(await tryLogin(api, tenant, email), `POST /users/login as ${email}`, Session).access_token;
}

function tryLogin(api: Api, tenant: string, email: string) {
  return api('POST', '/users/login', { tenant, body: { email, password: DEMO_PASSWORD } });
}

function adminOf(tenant: string): string {
  return `admin@${tenant}.example`;
}

function capitalized(word: string): string {
  return word.charAt(0).toUpperCase() + word.slice(1);
}
