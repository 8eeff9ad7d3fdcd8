import { serve } from '@hono/node-server';
import { Hono } from 'hono';
import postgres from 'postgres';
import { z } from 'zod';

/** Bare Hono and postgres.js for the same list and row: what the stack can do without what Zoco adds. Says its port to the parent. */
const { DATABASE_URL, TENANT } = z
  .object({ DATABASE_URL: z.string(), TENANT: z.string() })
  .parse(process.env);
const sql = postgres(DATABASE_URL, { max: 10 });
const columns = sql`id, sku, name, description, category, price_cents, currency, tax_rate_bps, image_url, attributes, created_at, updated_at, version`;
const app = new Hono();
app.get('/products', async (c) =>
  c.json({
    data: await sql`select ${columns} from products where tenant_id = ${TENANT} order by id limit 20`,
  }),
);
app.get('/products/:id', async (c) =>
  c.json(
    await sql`select ${columns} from products where tenant_id = ${TENANT} and id = ${c.req.param('id')}`,
  ),
);
serve({ fetch: app.fetch, hostname: '127.0.0.1', port: 0 }, ({ port }) => process.send?.({ port }));
// It must not outlive a benchmark that is killed.
process.once('disconnect', () => process.exit());
