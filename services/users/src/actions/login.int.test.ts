import { newId, type TenantId } from '@zoco/kernel';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { createUsersWorld, PASSWORD, type UsersWorld } from '../../fixtures/world.ts';
import { createPasswordHasher } from '../password-hasher.ts';
import { removeExpired } from './remove-expired.ts';

let world: UsersWorld;
let tenant: TenantId;
beforeAll(async () => {
  world = await createUsersWorld();
});
beforeEach(async () => {
  tenant = await world.addTenant();
});
afterAll(() => world[Symbol.asyncDispose]());

const HOME = '198.51.100.7';
const newEmail = () => `${newId('user').slice(-16)}@example.com`;
const guess = (email: string, ip?: string) => world.login(tenant, email, 'not the password', ip);

async function guessTimes(times: number, email: string, ip?: string): Promise<void> {
  for (let n = 0; n < times; n += 1) expect((await guess(email, ip)).status).toBe(401);
}

/** The clock of the counters is the database's; time passes by making what was counted older. */
const pass = (seconds: number) =>
  world.db.transact(
    tenant,
    (tx) => tx.sql`
    update login_failures set first_at = first_at - make_interval(secs => ${seconds}),
                              last_at = last_at - make_interval(secs => ${seconds})`,
  );

const delayed = (seconds: number) => ({
  status: 429,
  body: { code: 'login_delayed' },
  headers: expect.toSatisfy((headers: Headers) => headers.get('retry-after') === String(seconds)),
});

describe('the pause of an account', () => {
  test('five failures are free; then even the right password waits, 1, 2, 4 … seconds', async () => {
    const { email } = await world.addUser(tenant);
    await guessTimes(5, email);
    expect(await world.login(tenant, email)).toMatchObject(delayed(1));
    for (const seconds of [1, 2, 4, 8, 16, 32, 60, 60]) {
      expect(await guess(email)).toMatchObject(delayed(seconds));
      await pass(seconds);
      expect((await guess(email)).status).toBe(401);
    }
    await pass(60);
    expect((await world.login(tenant, email)).status).toBe(200);
  });

  test('what waits is not counted, and a success forgives', async () => {
    const { email } = await world.addUser(tenant);
    await guessTimes(5, email);
    for (let n = 0; n < 20; n += 1) expect((await guess(email)).status).toBe(429);
    await pass(1);
    expect((await world.login(tenant, email)).status).toBe(200);
    await guessTimes(5, email);
  });

  test('failures are forgotten after an hour', async () => {
    const { email } = await world.addUser(tenant);
    await guessTimes(5, email);
    await pass(3600);
    await guessTimes(5, email);
    expect((await guess(email)).status).toBe(429);
  });

  test('an account that does not exist waits like any other', async () => {
    const email = newEmail();
    await guessTimes(5, email);
    expect(await guess(email)).toMatchObject(delayed(1));
  });

  test('another spelling is the same account, the same address in another tenant is not', async () => {
    const { email } = await world.addUser(tenant);
    await guessTimes(3, email);
    await guessTimes(2, email.toUpperCase());
    expect((await guess(email)).status).toBe(429);
    const other = await world.addTenant();
    expect((await world.login(other, email)).status).toBe(401);
  });

  test('thirty guesses at once: five are looked at', async () => {
    const { email } = await world.addUser(tenant);
    const answers = await Promise.all(Array.from({ length: 30 }, () => guess(email)));
    const statuses = answers.map(({ status }) => status);
    expect(statuses.filter((status) => status === 401)).toHaveLength(5);
    expect(statuses.filter((status) => status === 429)).toHaveLength(25);
  });

  test('guesses at once on three replicas: each of them can let in one more, not more', async () => {
    const { email } = await world.addUser(tenant);
    const replicas = [world.replica(), world.replica(), world.replica()];
    const body = { email, password: 'not the password' };
    const answers = await Promise.all(
      replicas.flatMap((request) =>
        Array.from({ length: 10 }, () => request('POST', '/api/v1/users/login', { tenant, body })),
      ),
    );
    const evaluated = answers.filter(({ status }) => status === 401).length;
    expect(evaluated).toBeGreaterThanOrEqual(5);
    expect(evaluated).toBeLessThanOrEqual(7);
  });

  test('sixteen right ones at once are all let in', async () => {
    const { email } = await world.addUser(tenant);
    const answers = await Promise.all(Array.from({ length: 16 }, () => world.login(tenant, email)));
    expect(answers.map(({ status }) => status)).toEqual(Array.from({ length: 16 }, () => 200));
  });
});

describe('an attack from elsewhere', () => {
  test('does not keep out who signs in from where he has signed in before', async () => {
    const { email } = await world.addUser(tenant);
    expect((await world.login(tenant, email, PASSWORD, HOME)).status).toBe(200);
    await guessTimes(5, email, '203.0.113.1');
    expect((await world.login(tenant, email, PASSWORD, '203.0.113.2')).status).toBe(429);
    expect((await world.login(tenant, email, PASSWORD, '198.51.100.200')).status).toBe(200);
  });

  test('from a known network guesses count too, apart', async () => {
    const { email } = await world.addUser(tenant);
    await world.login(tenant, email, PASSWORD, HOME);
    await guessTimes(5, email, HOME);
    expect((await world.login(tenant, email, PASSWORD, HOME)).status).toBe(429);
    expect((await world.login(tenant, email, PASSWORD, '203.0.113.2')).status).toBe(200);
  });

  test('registration makes a network known, a new password forgets all but the present one', async () => {
    const email = newEmail();
    const { body } = await world.request('POST', '/api/v1/users/register', {
      tenant,
      headers: { 'x-zoco-client-ip': HOME },
      body: { email, password: PASSWORD, first_name: 'Ana', last_name: 'G' },
    });
    await world.login(tenant, email, PASSWORD, '192.0.2.1');
    const addresses = async () => {
      const rows = await world.db.read(
        tenant,
        (tx) => tx.sql<{ address: string }[]>`select address from known_addresses`,
      );
      return rows.map(({ address }) => address).toSorted();
    };
    expect(await addresses()).toEqual(['192.0.2.0/24', '198.51.100.0/24']);
    await world.request('POST', '/api/v1/users/password', {
      token: body.access_token,
      headers: { 'x-zoco-client-ip': HOME },
      body: { current_password: PASSWORD, new_password: 'another battery staple' },
    });
    expect(await addresses()).toEqual(['198.51.100.0/24']);
  });
});

describe('a network and a tenant', () => {
  const count = (counter: string, failures: number) =>
    world.db.transact(
      tenant,
      (tx) =>
        tx.sql`insert into login_failures (tenant_id, counter, failures) values (${tenant}, ${counter}, ${failures})`,
    );

  test('30 failures of one /24 on whatever accounts; another network is not held up', async () => {
    const { email } = await world.addUser(tenant);
    for (let n = 0; n < 30; n += 1) await guess(newEmail(), `203.0.113.${n}`);
    expect((await world.login(tenant, email, PASSWORD, '203.0.113.99')).status).toBe(429);
    expect((await world.login(tenant, email, PASSWORD, '203.0.114.99')).status).toBe(200);
    await pass(900);
    expect((await guess(newEmail(), '203.0.113.99')).status).toBe(401);
  });

  test('300 failures of a tenant; another tenant is not held up, nor who is known where he is', async () => {
    const { email } = await world.addUser(tenant);
    await world.login(tenant, email, PASSWORD, HOME);
    await count('tenant', 300);
    expect((await guess(newEmail(), '203.0.113.1')).status).toBe(429);
    expect((await guess(newEmail())).status).toBe(429);
    expect((await world.login(tenant, email, PASSWORD, HOME)).status).toBe(200);
    const other = await world.addUser(await world.addTenant());
    expect((await world.login(other.tenantId, other.email)).status).toBe(200);
  });

  test('without a header from the gateway no network is counted, and what is no address is none', async () => {
    await guess(newEmail());
    await guess(newEmail(), 'not an address');
    const rows = await world.db.read(
      tenant,
      (tx) => tx.sql<{ counter: string }[]>`select counter from login_failures`,
    );
    expect(rows.filter(({ counter }) => counter.startsWith('address:'))).toEqual([]);
    expect(rows.filter(({ counter }) => counter === 'tenant')).toHaveLength(1);
  });

  test('only the header of the gateway tells the address', async () => {
    await world.request('POST', '/api/v1/users/login', {
      tenant,
      body: { email: newEmail(), password: 'x' },
      headers: { 'x-forwarded-for': '203.0.113.1', 'x-real-ip': '203.0.113.1', forwarded: 'for=203.0.113.1' },
    });
    const rows = await world.db.read(
      tenant,
      (tx) => tx.sql<{ counter: string }[]>`select counter from login_failures`,
    );
    expect(rows.filter(({ counter }) => counter.startsWith('address:'))).toEqual([]);
  });

  test('failures on many accounts at once from one network are all counted, without deadlock', async () => {
    await Promise.all(Array.from({ length: 20 }, () => guess(newEmail(), '203.0.113.5')));
    const rows = await world.db.read(
      tenant,
      (tx) =>
        tx.sql`select counter, failures from login_failures where counter not like 'account%' order by counter`,
    );
    expect(rows).toEqual([
      { counter: 'address:203.0.113.0/24', failures: 20 },
      { counter: 'tenant', failures: 20 },
    ]);
  });
});

describe('the password hash', () => {
  const hashOf = async (id: string) => {
    const [row] = await world.db.read(
      tenant,
      (tx) => tx.sql<{ hash: string }[]>`select password_hash as hash from users where id = ${id}`,
    );
    return row?.hash ?? '';
  };

  test('is argon2id with the parameters of today, and is made anew at sign-in when they have changed', async () => {
    const user = await world.addUser(tenant);
    expect(await hashOf(user.id)).toMatch(/^\$argon2id\$v=19\$m=64,t=1,p=1\$/);
    const strong = await createPasswordHasher({ memoryKib: 19_456, passes: 2 });
    const other = await strong.hash(PASSWORD);
    expect(other).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$/);
    await world.db.transact(
      tenant,
      (tx) => tx.sql`update users set password_hash = ${other} where id = ${user.id}`,
    );
    expect((await world.login(tenant, user.email, 'wrong')).status).toBe(401);
    expect(await hashOf(user.id)).toBe(other);
    expect((await world.login(tenant, user.email)).status).toBe(200);
    expect(await hashOf(user.id)).toMatch(/^\$argon2id\$v=19\$m=64,t=1,p=1\$/);
    expect((await world.login(tenant, user.email)).status).toBe(200);
    expect(await world.events(tenant, user.id)).toHaveLength(1);
  });
});

test('what has expired is removed, what has not stays', async () => {
  const [old, fresh] = [await world.addUser(tenant), await world.addUser(tenant)];
  await world.login(tenant, fresh.email, PASSWORD, HOME);
  await guess(newEmail());
  await world.db.transact(tenant, async (tx) => {
    await tx.sql`update sessions set expires_at = now() - interval '1 second' where user_id = ${old.id}`;
    await tx.sql`insert into login_failures (tenant_id, counter, failures, last_at) values (${tenant}, 'old', 1, now() - interval '2 days')`;
    await tx.sql`insert into known_addresses (tenant_id, user_id, address, last_seen_at) values (${tenant}, ${old.id}, 'old', now() - interval '200 days')`;
  });
  await removeExpired(world.db);
  await world.db.read(tenant, async (tx) => {
    expect(await tx.sql`select 1 from sessions where user_id = ${old.id}`).toHaveLength(0);
    expect(await tx.sql`select 1 from sessions where user_id = ${fresh.id}`).toHaveLength(3);
    expect(
      await tx.sql`select 1 from refresh_tokens where session_id not in (select id from sessions)`,
    ).toHaveLength(0);
    expect(await tx.sql`select 1 from login_failures where counter = 'old'`).toHaveLength(0);
    expect((await tx.sql`select 1 from login_failures`).length).toBeGreaterThan(0);
    expect(await tx.sql`select address from known_addresses`).toEqual([{ address: '198.51.100.0/24' }]);
  });
});
