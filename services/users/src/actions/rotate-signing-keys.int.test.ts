import { newId, tenantId } from '@zoco/kernel';
import { accessTokenVerifier, createLogger } from '@zoco/service';
import { eventually } from '@zoco/testing';
import { decodeProtectedHeader } from 'jose';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createUsersWorld, type UsersWorld } from '../../fixtures/world.ts';
import { startBackground } from '../background.ts';
import { signingKeyAge } from '../metrics.ts';
import { PLATFORM_TENANT } from '../rules/roles.ts';
import type { RotationReason } from '../rules/key-rotation.ts';
import { createSigningKeys, type SigningKeys } from '../signing-keys.ts';
import { createTenantRegistry } from '../tenant-registry.ts';
import { loadSigningKeys } from './load-signing-keys.ts';
import { rotateSigningKeys } from './rotate-signing-keys.ts';

let world: UsersWorld;
beforeEach(async () => {
  world = await createUsersWorld();
});
afterEach(() => world[Symbol.asyncDispose]());

const acme = tenantId('acme');
const rotate = (reason: RotationReason, rotateAfterHours = 720) =>
  rotateSigningKeys(world.db, { encryptionKey: world.encryptionKey, rotateAfterHours, reason });
const sign = (keys: SigningKeys = world.deps.keys) =>
  keys.sign({
    subject: newId('user'),
    tenantId: acme,
    roles: ['customer'],
    tokenId: `${newId('session')}.1`,
  });
/** A verifier that has no memory of tokens it has seen. */
const verify = (token: string, keys: SigningKeys = world.deps.keys) =>
  accessTokenVerifier(keys.publicKeys)(token);
const kidOf = (token: string) => decodeProtectedHeader(token).kid;
const states = async () => (await loadSigningKeys(world.db)).map(({ kid, state }) => [kid, state] as const);
const age = (hours: number) =>
  world.db.work(
    (tx) => tx.sql`update signing_keys set changed_at = changed_at - make_interval(hours => ${hours})`,
  );

/** So that what follows races, and none is late because it has to connect first. */
const openConnections = () =>
  Promise.all(Array.from({ length: 4 }, () => world.db.work((tx) => tx.sql`select pg_sleep(0.05)`)));

describe('rotation', () => {
  test('by age: the next key signs, which everybody knew before; old tokens still verify', async () => {
    const { keys } = world.deps;
    const before = await sign();
    const announced = keys.jwks().keys.map(({ kid }) => kid);
    expect((await rotate('age')).promote).toBeUndefined();
    await age(721);
    await rotate('age');
    await keys.reload();
    const after = await sign();
    expect(kidOf(after)).not.toBe(kidOf(before));
    expect(announced).toContain(kidOf(after));
    expect(keys.jwks().keys).toHaveLength(3);
    await expect(verify(before)).resolves.toMatchObject({ tenantId: 'acme' });
    await expect(verify(after)).resolves.toMatchObject({ tenantId: 'acme' });
  });

  test('the previous key is forgotten when no token of it can be left', async () => {
    const before = await sign();
    await rotate('now');
    await age(1);
    await rotate('age');
    await world.deps.keys.reload();
    expect(world.deps.keys.jwks().keys.map(({ kid }) => kid)).not.toContain(kidOf(before));
    await expect(verify(before)).rejects.toMatchObject({ code: 'token_invalid' });
  });

  test('a key that no longer signs has no private part any more', async () => {
    await rotate('now');
    const stored = await loadSigningKeys(world.db);
    expect(
      stored.map(({ state, privateKeySealed }) => `${state} ${privateKeySealed !== null}`).toSorted(),
    ).toEqual(['current true', 'next true', 'previous false']);
  });

  test('many replicas at once rotate once', async () => {
    await age(721);
    await openConnections();
    const plans = await Promise.all(Array.from({ length: 8 }, () => rotate('age')));
    expect(plans.filter(({ promote }) => promote !== undefined)).toHaveLength(1);
    expect((await states()).map(([, state]) => state).toSorted()).toEqual(['current', 'next', 'previous']);
  });

  test('the first start of many replicas makes one pair', async () => {
    await world.db.work((tx) => tx.sql`delete from signing_keys`);
    await openConnections();
    await Promise.all(Array.from({ length: 8 }, () => rotate('age')));
    expect((await states()).map(([, state]) => state).toSorted()).toEqual(['current', 'next']);
  });

  test('while requests run, not one is refused', async () => {
    const { keys } = world.deps;
    const stop = new AbortController();
    const outcomes: string[] = [];
    const load = async () => {
      while (!stop.signal.aborted) outcomes.push((await verify(await sign())).tenantId);
    };
    const running = [load(), load()];
    for (let round = 0; round < 5; round += 1) {
      await rotate('now');
      await keys.reload();
    }
    stop.abort();
    await Promise.all(running);
    expect(new Set(outcomes)).toEqual(new Set(['acme']));
  });
});

describe('revocation', () => {
  test('no token of before is worth anything, refresh tokens are', async () => {
    const tenant = await world.addTenant();
    const user = await world.addUser(tenant);
    const before = await sign();
    expect((await rotate('revoke')).drop).toHaveLength(2);
    await world.deps.keys.reload();
    await expect(verify(before)).rejects.toMatchObject({ code: 'token_invalid' });
    const { status, body } = await world.request('POST', '/api/v1/users/refresh', {
      body: { refresh_token: user.refreshToken },
    });
    expect(status).toBe(200);
    await expect(verify(body.access_token)).resolves.toMatchObject({ id: user.id });
  });

  test('mends a lost encryption key, which is told apart from all else', async () => {
    const others = createSigningKeys(world.db, new Uint8Array(32));
    await expect(others.reload()).rejects.toThrow(/USERS_KEY_ENCRYPTION_KEY.*--revoke/);
    await expect(others.checkLoaded()).rejects.toMatchObject({ code: 'keys_not_loaded' });
    await rotateSigningKeys(world.db, {
      encryptionKey: new Uint8Array(32),
      rotateAfterHours: 720,
      reason: 'revoke',
    });
    await others.reload();
    await expect(verify(await sign(others), others)).resolves.toMatchObject({ tenantId: 'acme' });
  });
});

describe('where the keys lie', () => {
  test('encrypted, and out of reach of the runtime role in whatever tenant', async () => {
    const stored = JSON.stringify(await loadSigningKeys(world.db));
    expect(stored).not.toMatch(/"d":/);
    for (const tenant of [acme, PLATFORM_TENANT]) {
      const read = world.db.read(tenant, (tx) => tx.sql`select * from signing_keys`);
      await expect(read).rejects.toThrow(/permission denied/);
      const write = world.db.transact(tenant, (tx) => tx.sql`delete from signing_keys`);
      await expect(write).rejects.toThrow(/permission denied/);
    }
  });

  test('one current and one next key, by constraint', async () => {
    const second = world.db.work(
      (tx) => tx.sql`
      insert into signing_keys (tenant_id, kid, state, public_jwk) values ('zoco', 'x', 'current', '{}')`,
    );
    await expect(second).rejects.toThrow(/signing_keys_state/);
    const foreign = world.db.work(
      (tx) => tx.sql`
      insert into signing_keys (tenant_id, kid, state, public_jwk) values ('acme', 'x', 'previous', '{}')`,
    );
    await expect(foreign).rejects.toThrow(/signing_keys_owner/);
  });
});

describe('in the background', () => {
  const HOUR_MS = 3_600_000;
  const start = (keys: SigningKeys, tenants = world.deps.tenants, encryptionKey = world.encryptionKey) =>
    startBackground({
      db: world.db,
      log: createLogger({ service: 'users', version: 'test', level: 'fatal' }),
      keys,
      tenants,
      encryptionKey,
      keyRotationHours: 720,
      keysEveryMs: HOUR_MS,
    });

  test('a service that has just started makes its keys, and hears at once when they are revoked elsewhere', async () => {
    await world.db.work((tx) => tx.sql`delete from signing_keys`);
    const keys = createSigningKeys(world.db, world.encryptionKey);
    await using _background = start(keys);
    await eventually(() => keys.checkLoaded());
    const before = await sign(keys);
    // What is done before it listens goes unheard, so it is done until it is heard.
    await eventually(async () => {
      await rotate('revoke');
      expect(keys.jwks().keys.map(({ kid }) => kid)).not.toContain(kidOf(before));
    });
    await expect(verify(before, keys)).rejects.toMatchObject({ code: 'token_invalid' });
  });

  test('keys that cannot be replaced are read all the same, and their age is seen', async () => {
    await age(1000);
    const keys = createSigningKeys(world.db, world.encryptionKey);
    const sealsNothing = new Uint8Array(1);
    await using _background = start(keys, world.deps.tenants, sealsNothing);
    await eventually(() => keys.checkLoaded());
    expect((await signingKeyAge.get()).values[0]?.value).toBeGreaterThan(999 * 3600);
  });

  test('a tenant that another replica changed is read again', async () => {
    const tenant = await world.addTenant();
    const tenants = createTenantRegistry(world.db, HOUR_MS);
    await using _background = start(world.deps.keys, tenants);
    await tenants.get(tenant);
    await eventually(async () => {
      await world.db.transact(tenant, async (tx) => {
        await tx.sql`update tenants set settings = settings || '{"name": "Renamed"}'`;
        await tx.sql`select pg_notify('tenants', ${tenant})`;
      });
      expect((await tenants.get(tenant)).name).toBe('Renamed');
    });
  });
});
