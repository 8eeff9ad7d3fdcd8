import { fork, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import postgres from 'postgres';
import { z } from 'zod';
import type { Workload } from './measure.ts';

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

/** That SQL by pgbench, in a database of its own; undefined when pgbench is not installed. */
export async function openCheckoutFloor(
  adminUrl: string,
  clients: number,
): Promise<(Workload & AsyncDisposable) | undefined> {
  if (spawnSync('pgbench', ['--version']).error !== undefined) return undefined;
  await using stack = new AsyncDisposableStack();
  const sql = stack.adopt(postgres(adminUrl, { max: 1, onnotice: () => {} }), (open) => open.end());
  await sql`drop database if exists zoco_floor`;
  await sql`create database zoco_floor`;
  stack.defer(async () => void (await sql`drop database zoco_floor`));
  const url = new URL(adminUrl);
  url.pathname = '/zoco_floor';
  await createFloorTables(url.href);
  const folder = mkdtempSync(join(tmpdir(), 'zoco-bench-'));
  stack.defer(() => rmSync(folder, { recursive: true }));
  const script = join(folder, 'checkout.sql');
  writeFileSync(script, CHECKOUT_SQL);
  const load = ['-n', '-M', 'prepared', '-f', script, '-c', String(clients), '-j', '2'];
  const opened = stack.move();
  return {
    name: 'floor: bare SQL of a checkout',
    async round(seconds) {
      const output = await run('pgbench', [...load, '-T', String(seconds), url.href]);
      const perSecond = Number(/tps = ([\d.]+)/.exec(output)?.[1]);
      return { perSecond, latenciesMs: [], completed: perSecond * seconds, failures: 0 };
    },
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  };
}

async function createFloorTables(url: string): Promise<void> {
  const sql = postgres(url, { max: 1 });
  await sql.unsafe(`
    create table floor_stock (id int primary key, reserved bigint not null default 0);
    insert into floor_stock select generate_series(1, 1000);
    create table floor_orders (id bigserial primary key, product int, total bigint);
    create table floor_payments (id bigserial primary key, amount bigint);
    create table floor_invoices (id bigserial primary key, total bigint);`);
  await sql.end();
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

/** What the bare server says first; one that ends instead says something else. */
const Ready = z.tuple([z.object({ port: z.number() }), z.unknown()]);

/** Starts the bare server in a process of its own, as the services have theirs. */
export async function startBareServer(
  catalogUrl: string,
  tenant: string,
): Promise<AsyncDisposable & { readonly url: string }> {
  const server = fork(new URL('bare-server.ts', import.meta.url), {
    env: { ...process.env, DATABASE_URL: catalogUrl, TENANT: tenant },
  });
  const [{ port }] = Ready.parse(await Promise.race([once(server, 'message'), once(server, 'exit')]));
  return {
    url: `http://127.0.0.1:${port}`,
    async [Symbol.asyncDispose]() {
      const ended = once(server, 'exit');
      server.disconnect();
      await ended;
    },
  };
}
