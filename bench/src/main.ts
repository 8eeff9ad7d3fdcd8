import { randomUUID } from 'node:crypto';
import { cpus } from 'node:os';
import { parseArgs } from 'node:util';
import { connectNats } from '@zoco/events';
import { startSystem } from '@zoco/local';
import postgres from 'postgres';
import { Agent, request } from 'undici';
import { z } from 'zod';
import { cpuSecondsOf } from './cpu.ts';
import { floorOfCheckout, startBareServer } from './floors.ts';
import { describe, measure, median, type Measurement } from './measure.ts';

const { values } = parseArgs({
  options: {
    clients: { type: 'string', default: '16' },
    rounds: { type: 'string', default: '3' },
    seconds: { type: 'string', default: '20' },
    'warm-up': { type: 'string', default: '5' },
  },
});
const options = {
  clients: Number(values.clients),
  rounds: Number(values.rounds),
  roundSeconds: Number(values.seconds),
  warmUpSeconds: Number(values['warm-up']),
};
const TENANT = 'libros';
const PASSWORD = 'demo-zoco-2026';
const ADDRESS = { line1: 'Calle Mayor 1', city: 'Madrid', postal_code: '28013', country: 'ES' };
const dispatcher = new Agent({ connections: options.clients * 2, pipelining: 1 });

async function send(method: 'GET' | 'POST', url: string, token?: string, body?: unknown): Promise<unknown> {
  const answer = await request(url, {
    method,
    dispatcher,
    headers: {
      ...(token === undefined ? { 'x-tenant': TENANT } : { authorization: `Bearer ${token}` }),
      ...(body === undefined ? {} : { 'content-type': 'application/json', 'idempotency-key': randomUUID() }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const parsed: unknown = await answer.body.json();
  if (answer.statusCode >= 400)
    throw new Error(`${method} ${url}: ${answer.statusCode} ${JSON.stringify(parsed)}`);
  return parsed;
}

const session = z.object({ access_token: z.string() });
const thing = z.object({ id: z.string() });

console.log(
  `Zoco benchmark, ${new Date().toISOString()}, ${cpus().length} × ${cpus()[0]?.model ?? 'unknown CPU'}, Node ${process.version}`,
);
console.log(
  `${options.clients} clients, ${options.rounds} rounds of ${options.roundSeconds} s after ${options.warmUpSeconds} s of warm-up\n`,
);
const system = await startSystem({ freePorts: true, seed: true, readyTimeoutMs: 60_000 });
try {
  const api = `${system.urls.gateway}/api/v1`;
  const staff = session.parse(
    await send('POST', `${api}/users/login`, undefined, {
      email: `staff@${TENANT}.example`,
      password: PASSWORD,
    }),
  );
  const products: string[] = [];
  for (let n = 0; n < 200; n += 1) {
    const body = {
      sku: `bench-${n}-${randomUUID()}`,
      name: `Benchmark ${n}`,
      price_cents: 1299,
      stock: 1_000_000,
    };
    products.push(thing.parse(await send('POST', `${api}/products`, staff.access_token, body)).id);
  }
  const buyers: string[] = [];
  for (let n = 0; n < options.clients; n += 1) {
    const body = {
      email: `bench-${randomUUID()}@example.com`,
      password: PASSWORD,
      first_name: 'Ben',
      last_name: 'Chmark',
    };
    buyers.push(session.parse(await send('POST', `${api}/users/register`, undefined, body)).access_token);
  }
  const pick = () => products[Math.floor(Math.random() * products.length)] ?? '';
  const report = (measurement: Measurement) => console.log(describe(measurement));

  const bare = await startBareServer(withOwner(system.databaseUrls('catalog').ownerUrl), TENANT);
  report(
    await measure(
      'floor: bare Hono, list 20',
      options,
      async () => void (await send('GET', `${bare.url}/products`)),
    ),
  );
  report(
    await measure(
      'floor: bare Hono, get one',
      options,
      async () => void (await send('GET', `${bare.url}/products/${pick()}`)),
    ),
  );
  await bare.stop();
  report(
    await measure(
      'gateway: list 20',
      options,
      async () => void (await send('GET', `${api}/products?limit=20`)),
    ),
  );
  report(
    await measure(
      'gateway: get one',
      options,
      async () => void (await send('GET', `${api}/products/${pick()}`)),
    ),
  );
  report(
    await measure(
      'gateway: list 20, signed in',
      options,
      async (client) => void (await send('GET', `${api}/products?limit=20`, buyers[client])),
    ),
  );
  report(
    await measure(
      'gateway: add to cart',
      options,
      async (client) =>
        void (await send('POST', `${api}/cart/items`, buyers[client], { product_id: pick(), quantity: 1 })),
    ),
  );
  for (const token of buyers)
    await request(`${api}/cart`, {
      method: 'DELETE',
      dispatcher,
      headers: { authorization: `Bearer ${token}` },
    });

  const invoiced = new Map<string, () => void>();
  const early = new Set<string>();
  const nc = await connectNats({ url: system.natsUrl, name: 'bench' });
  const issued = z.object({ data: z.object({ order_id: z.string() }) });
  nc.subscribe('zoco.invoicing.invoice.issued.*', {
    callback: (_error, message) => {
      const { order_id: id } = issued.parse(message.json()).data;
      const resolve = invoiced.get(id);
      if (resolve === undefined) early.add(id);
      else resolve();
    },
  });
  const checkout = async (client: number) => {
    const token = buyers[client];
    await send('POST', `${api}/cart/items`, token, { product_id: pick(), quantity: 1 });
    const body = { payment_method: 'card', payment_token: 'pm_card_visa', shipping_address: ADDRESS };
    const { id } = thing.parse(await send('POST', `${api}/cart/checkout`, token, body));
    if (early.delete(id)) return;
    await new Promise<void>((resolve) => invoiced.set(id, resolve));
    invoiced.delete(id);
  };
  const sql = postgres(system.adminDatabaseUrl, { max: 1, onnotice: () => {} });
  await sql`create extension if not exists pg_stat_statements`;
  await sql`select pg_stat_statements_reset()`;
  const cpuBefore = cpuSecondsOf(process.pid);
  const checkouts = await measure('checkout, to the issued invoice', options, checkout);
  const cpuAfter = cpuSecondsOf(process.pid);
  const [statements] = await sql<
    { calls: number }[]
  >`select sum(calls)::float8 as calls from pg_stat_statements`;
  report(checkouts);
  await nc.close();
  const total = checkouts.latenciesMs.length + options.warmUpSeconds * median(checkouts.perSecond);
  console.log(
    `\nper checkout: ${((statements?.calls ?? 0) / total).toFixed(1)} SQL statements (transaction control and relay included)`,
  );
  for (const [label, seconds] of [...cpuAfter].toSorted((a, b) => a[0].localeCompare(b[0]))) {
    console.log(
      `  ${label.padEnd(18)}${(((seconds - (cpuBefore.get(label) ?? 0)) * 1000) / total).toFixed(2)} ms CPU`,
    );
  }
  const top = await sql<{ calls: number; ms: number; query: string }[]>`
    select calls::float8 as calls, total_exec_time as ms, left(regexp_replace(query, '\\s+', ' ', 'g'), 90) as query
    from pg_stat_statements order by total_exec_time desc limit 12`;
  console.log('\nmost expensive statements (per checkout: calls, ms):');
  for (const row of top)
    console.log(
      `  ${(row.calls / total).toFixed(2).padStart(6)} ${(row.ms / total).toFixed(3).padStart(8)}  ${row.query}`,
    );
  await sql.end();
  const floor = await floorOfCheckout(system.adminDatabaseUrl, options.clients, options.roundSeconds);
  console.log(
    `\nfloor: minimal SQL of a checkout by pgbench ${floor === undefined ? 'not measured (pgbench is not installed)' : `${floor.toFixed(0)}/s`}`,
  );
} finally {
  await system.stop();
  await dispatcher.close();
}

/** The floor has no tenant setting, so it reads as the admin of the server. */
function withOwner(ownerUrl: string): string {
  const url = new URL(system.adminDatabaseUrl);
  url.pathname = new URL(ownerUrl).pathname;
  return url.href;
}
