import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { serve } from '@hono/node-server';
import { Hono } from 'hono';
import postgres from 'postgres';

/** The least SQL that a checkout can be: order, payment and invoice, each a durable transaction of its own. */
const CHECKOUT_SQL = `\\set product random(1, 1000)
begin;
update floor_stock set reserved = reserved + 1 where id = :product;
insert into floor_orders (product, total) values (:product, 1299);
commit;
begin;
insert into floor_payments (amount) values (1299);
commit;
begin;
insert into floor_invoices (total) values (1299);
commit;
`;

/** Checkouts per second of that SQL by pgbench; undefined when pgbench is not installed. */
export async function floorOfCheckout(
  adminUrl: string,
  clients: number,
  seconds: number,
): Promise<number | undefined> {
  const sql = postgres(adminUrl, { max: 1, onnotice: () => {} });
  const folder = mkdtempSync(join(tmpdir(), 'zoco-bench-'));
  try {
    await sql`drop database if exists zoco_floor`;
    await sql`create database zoco_floor`;
    const url = new URL(adminUrl);
    url.pathname = '/zoco_floor';
    const floor = postgres(url.href, { max: 1 });
    await floor.unsafe(`
      create table floor_stock (id int primary key, reserved bigint not null default 0);
      insert into floor_stock select generate_series(1, 1000);
      create table floor_orders (id bigserial primary key, product int, total bigint);
      create table floor_payments (id bigserial primary key, amount bigint);
      create table floor_invoices (id bigserial primary key, total bigint);`);
    await floor.end();
    const script = join(folder, 'checkout.sql');
    writeFileSync(script, CHECKOUT_SQL);
    const output = await run('pgbench', [
      '-n',
      '-M',
      'prepared',
      '-f',
      script,
      '-c',
      String(clients),
      '-j',
      '2',
      '-T',
      String(seconds),
      url.href,
    ]);
    const tps = /tps = ([\d.]+)/.exec(output)?.[1];
    return tps === undefined ? undefined : Number(tps);
  } catch {
    return undefined;
  } finally {
    await sql`drop database if exists zoco_floor`;
    await sql.end();
    rmSync(folder, { recursive: true });
  }
}

function run(command: string, args: readonly string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'ignore'] });
    let output = '';
    child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
    child.once('error', reject);
    child.once('exit', () => resolve(output));
  });
}

/** Bare Hono and postgres.js for the same list and row: what the stack can do without what Zoco adds. */
export async function startBareServer(
  catalogUrl: string,
  tenant: string,
): Promise<{ url: string; stop(): Promise<void> }> {
  const sql = postgres(catalogUrl, { max: 10 });
  const app = new Hono();
  const columns = sql`id, sku, name, description, category, price_cents, currency, tax_rate_bps, image_url, attributes, created_at, updated_at, version`;
  app.get('/products', async (c) =>
    c.json({
      data: await sql`select ${columns} from products where tenant_id = ${tenant} order by id limit 20`,
    }),
  );
  app.get('/products/:id', async (c) =>
    c.json(
      await sql`select ${columns} from products where tenant_id = ${tenant} and id = ${c.req.param('id')}`,
    ),
  );
  return new Promise((resolve) => {
    const server = serve({ fetch: app.fetch, hostname: '127.0.0.1', port: 0 }, ({ port }) =>
      resolve({
        url: `http://127.0.0.1:${port}`,
        async stop() {
          server.close();
          await sql.end();
        },
      }),
    );
  });
}
