import { PassThrough } from 'node:stream';
import { newId } from '@zoco/kernel';
import { connect } from '@zoco/postgres';
import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createUsersWorld, PASSWORD, type SignedInUser, type UsersWorld } from '../fixtures/world.ts';

let world: UsersWorld;
beforeAll(async () => {
  world = await createUsersWorld();
});
afterAll(() => world[Symbol.asyncDispose]());

/** One row at least in every table but those of the event library. */
async function fill(): Promise<SignedInUser> {
  const tenant = await world.addTenant();
  const user = await world.addUser(tenant, ['admin']);
  const { token } = user;
  await world.request('POST', '/api/v1/customers', {
    token,
    body: { name: 'X', email: 'x@x.example', phone: '123' },
  });
  await world.request('POST', '/api/v1/api-keys', { token, body: { name: 'X', scopes: ['products:read'] } });
  await world.request('PUT', `/api/v1/users/favorites/${newId('product')}`, { token });
  await world.request('PUT', `/api/v1/users/wishlist/${newId('product')}`, { token, body: { priority: 1 } });
  await world.login(tenant, user.email, 'wrong');
  await world.login(tenant, user.email, PASSWORD, '198.51.100.7');
  await world.db.transact(tenant, async (tx) => {
    await tx.sql`insert into tenant_hostnames (tenant_id, hostname) values (${tenant}, ${`${tenant}.example`})`;
    await tx.sql`insert into inbox (tenant_id, consumer, event_id) values (${tenant}, 'x', ${newId('event')})`;
    await tx.sql`
      insert into dead_letters (tenant_id, consumer, event_id, subject, payload, error, attempts)
      values (${tenant}, 'x', 'x', 'x', 'x', 'x', 1)`;
  });
  return user;
}

describe('row-level security', () => {
  test('in every table the runtime role sees its own tenant, nothing of another, and nothing without the setting', async () => {
    const [mine, other] = [await fill(), await fill()];
    const sql = connect({ url: world.database.urls.runtimeUrl, applicationName: 'test', poolMax: 1 });
    await using _pool = { [Symbol.asyncDispose]: () => sql.end() };
    const tables = await sql<{ name: string; readable: boolean }[]>`
      select tablename as name, has_table_privilege(quote_ident(tablename), 'select') as readable
      from pg_tables where schemaname = 'public' order by 1`;
    expect(tables.filter(({ readable }) => !readable).map(({ name }) => name)).toEqual(['signing_keys']);
    expect(tables.length).toBeGreaterThanOrEqual(15);
    for (const { name } of tables.filter(({ readable }) => readable)) {
      expect(await sql`select 1 from ${sql(name)}`, name).toHaveLength(0);
      for (const { tenantId } of [mine, other]) {
        const seen = await sql.begin(async (tx) => {
          await tx`select set_config('app.tenant_id', ${tenantId}, true)`;
          return tx<{ tenant_id: string }[]>`select distinct tenant_id from ${tx(name)}`;
        });
        expect(
          seen.map(({ tenant_id }) => tenant_id),
          name,
        ).toEqual([tenantId]);
      }
      // The connection has been used with a tenant; after the commit it has none.
      expect(await sql`select 1 from ${sql(name)}`, name).toHaveLength(0);
    }
  });

  test('a row of another tenant can neither be written, changed nor removed', async () => {
    const [mine, other] = [await fill(), await fill()];
    const insert = world.db.transact(
      mine.tenantId,
      (tx) => tx.sql`
        insert into customers (tenant_id, id, name, email) values (${other.tenantId}, ${newId('customer')}, 'x', 'x')`,
    );
    await expect(insert).rejects.toThrow(/row-level security/);
    for (const statement of ['update', 'delete'] as const) {
      const { count } = await world.db.transact(mine.tenantId, (tx) =>
        statement === 'update'
          ? tx.sql`update users set first_name = 'x' where id = ${other.id}`
          : tx.sql`delete from favorites where user_id = ${other.id}`,
      );
      expect(count).toBe(0);
    }
  });

  test('the worker role reads what it must and no user, customer, key or password', async () => {
    for (const table of ['users', 'customers', 'api_keys', 'favorites', 'wishlist_items']) {
      const read = world.db.work((tx) => tx.sql`select 1 from ${tx.sql(table)}`);
      await expect(read, table).rejects.toThrow(/permission denied/);
    }
    await expect(world.db.work((tx) => tx.sql`update tenants set version = 9`)).rejects.toThrow(
      /permission denied/,
    );
    await expect(world.db.work((tx) => tx.sql`update sessions set revoked_at = null`)).rejects.toThrow(
      /permission denied/,
    );
  });
});

test('no password, token or key is in any log line, error answer or event', async () => {
  const lines: string[] = [];
  const sink = new PassThrough().on('data', (line: Buffer) => lines.push(line.toString()));
  await using noisy = await createUsersWorld({ log: pino({ level: 'trace' }, sink) });
  const canary = 'kanarienvogel-7f3a9c';
  const answers: unknown[] = [];
  const send = async (...request: Parameters<UsersWorld['request']>) => {
    const answer = await noisy.request(...request);
    answers.push(answer.status >= 400 ? answer.body : '');
    return answer;
  };
  const tenant = await noisy.addTenant();
  const email = 'ana@example.com';
  const person = { email, password: canary, first_name: 'Ana', last_name: 'G' };
  const { body: session } = await send('POST', '/api/v1/users/register', { tenant, body: person });
  const token = session.access_token;
  await send('POST', '/api/v1/users/register', { tenant, body: person });
  await send('POST', '/api/v1/users/register', {
    tenant,
    body: { ...person, password: canary, [canary]: 1 },
  });
  await send('POST', '/api/v1/users/register', { tenant, body: { ...person, password: { canary } } });
  for (let n = 0; n < 7; n += 1) {
    await send('POST', '/api/v1/users/login', { tenant, body: { email, password: `${canary}-wrong` } });
  }
  await send('POST', '/api/v1/users/login', { tenant, body: { email, password: [canary] } });
  await send('POST', '/api/v1/users/password', {
    token,
    body: { current_password: canary, new_password: 'short' },
  });
  await send('POST', '/api/v1/users/password', {
    token,
    body: { current_password: `${canary}x`, new_password: canary },
  });
  for (let n = 0; n < 3; n += 1) {
    await send('POST', '/api/v1/users/refresh', { body: { refresh_token: session.refresh_token } });
  }
  await send('GET', '/api/v1/users/profile', { headers: { authorization: `Bearer ${token}x` } });
  await send('GET', `/api/v1/users/${encodeURIComponent(token.slice(0, 60))}`, { token });
  const admin = await noisy.addUser(tenant, ['admin']);
  const { body: apiKey } = await send('POST', '/api/v1/api-keys', {
    token: admin.token,
    body: { name: 'X', scopes: ['products:read'] },
  });
  await noisy.call('gateway', 'exchangeApiKey', '/internal/api-keys/exchange', {
    body: { api_key: apiKey.api_key },
  });
  await noisy.call('gateway', 'exchangeApiKey', '/internal/api-keys/exchange', {
    body: { api_key: `${apiKey.api_key}x` },
  });
  const events = await noisy.db.read(tenant, (tx) => tx.sql`select * from outbox`);
  const { secrets, searched } = {
    secrets: [canary, token, session.refresh_token.slice(-43), apiKey.api_key.slice(-43)],
    // The name of an unknown field is the client's own text, which the answer quotes.
    searched: [
      ...lines,
      JSON.stringify(events),
      JSON.stringify(answers).replaceAll(`"field":"${canary}"`, ''),
    ],
  };
  expect(lines.length).toBeGreaterThan(20);
  for (const secret of secrets) expect(searched.filter((text) => text.includes(secret))).toEqual([]);
});
