import postgres from 'postgres';
import { describe, expect, inject, test } from 'vitest';
import { z } from 'zod';
import { createApi, problem } from '../src/api.ts';

const api = createApi(inject('gatewayUrl'));
const product = z.object({ id: z.string(), sku: z.string(), name: z.string() });
const page = z.object({ data: z.array(product) });

describe('two tenants with the same skus and e-mails never see each other', () => {
  test('products', async () => {
    const sku = `same-${Date.now()}`;
    const ids = new Map<string, string>();
    for (const tenant of ['libros', 'acme']) {
      const token = await api.demo(tenant, 'staff');
      const body = { sku, name: `Only in ${tenant}`, price_cents: 100, stock: 1 };
      ids.set(tenant, (await api.expect(201, product, 'POST', '/products', { token, body })).id);
    }
    for (const [tenant, other] of [
      ['libros', 'acme'],
      ['acme', 'libros'],
    ] as const) {
      for (const who of ['admin', 'staff', 'buyer'] as const) {
        const token = await api.demo(tenant, who);
        const foreign = await api.request('GET', `/products/${ids.get(other)}`, { token });
        const missing = await api.request('GET', '/products/prd_01jqb3k5xwf7kt3qk5v1y6zj3m', { token });
        expect([foreign.status, problem.parse(foreign.body).code]).toEqual([
          404,
          problem.parse(missing.body).code,
        ]);
        const found = await api.expect(
          200,
          page,
          'GET',
          `/products/search?q=${encodeURIComponent(`Only in ${other}`)}`,
          { token },
        );
        expect(found.data.every(({ name }) => name !== `Only in ${other}`)).toBe(true);
      }
    }
  });

  test('users with the same e-mail are two users', async () => {
    const email = `same-${Date.now()}@example.com`;
    const [one, two] = [await api.register('libros', email), await api.register('acme', email)];
    expect(one.userId).not.toBe(two.userId);
    const admin = await api.demo('acme', 'admin');
    const foreign = await api.request('GET', `/users/${one.userId}`, { token: admin });
    expect(foreign.status).toBe(404);
  });

  test('a token of one tenant cannot name another, by header, query or body', async () => {
    const token = await api.demo('libros', 'admin');
    const attempts = [
      await api.request('GET', '/products', { token, tenant: 'acme' }),
      await api.request('GET', '/products?tenant_id=acme', { token }),
      await api.request('POST', '/products', {
        token,
        body: { tenant_id: 'acme', sku: 'x', name: 'x', price_cents: 1, stock: 0 },
      }),
    ];
    for (const { status, body } of attempts) {
      expect([status, problem.parse(body).code]).toEqual([403, 'tenant_mismatch']);
    }
  });
});

test.each(Object.entries(inject('runtimeDatabaseUrls')))(
  'by SQL as the runtime role of %s, no table shows a row without a tenant',
  async (_service, url) => {
    const sql = postgres(url, { max: 1 });
    const tables = await sql<{ name: string; readable: boolean }[]>`
      select tablename as name, has_table_privilege(quote_ident(tablename), 'select') as readable
      from pg_tables where schemaname = 'public'`;
    expect(tables.length).toBeGreaterThan(3);
    for (const { name } of tables.filter(({ readable }) => readable)) {
      expect(await sql`select 1 from ${sql(name)} limit 1`, name).toHaveLength(0);
    }
    await sql.end();
  },
);
