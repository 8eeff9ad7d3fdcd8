import { cpus } from 'node:os';
import { parseArgs } from 'node:util';
import { startSystem } from '@zoco/local';
import postgres from 'postgres';
import { cpuSecondsOf } from './cpu.ts';
import { floorOfCheckout, startBareServer } from './floors.ts';
import { describe, measure, median, type Measurement } from './measure.ts';
import { createSender, createShopLoad, openCheckouts, TENANT } from './shop-load.ts';
import { compareTelemetry } from './telemetry-cost.ts';

const { values } = parseArgs({
  options: {
    clients: { type: 'string', default: '16' },
    rounds: { type: 'string', default: '3' },
    seconds: { type: 'string', default: '20' },
    'warm-up': { type: 'string', default: '5' },
    // Instead of everything else: what metrics and tracing cost.
    telemetry: { type: 'boolean', default: false },
  },
});
const options = {
  clients: Number(values.clients),
  rounds: Number(values.rounds),
  roundSeconds: Number(values.seconds),
  warmUpSeconds: Number(values['warm-up']),
};
console.log(
  `Zoco benchmark, ${new Date().toISOString()}, ${cpus().length} × ${cpus()[0]?.model ?? 'unknown CPU'}, Node ${process.version}`,
);
console.log(
  `${options.clients} clients, ${options.rounds} rounds of ${options.roundSeconds} s after ${options.warmUpSeconds} s of warm-up\n`,
);
if (values.telemetry) {
  await compareTelemetry(options);
  process.exit();
}
await using sender = createSender(options.clients * 2);
const { send } = sender;
const system = await startSystem({ freePorts: true, seed: true, readyTimeoutMs: 60_000 });
try {
  const shop = await createShopLoad(system, send, options.clients);
  const { api, buyers, pick } = shop;
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
  await shop.emptyCarts();
  await using checkouts = await openCheckouts(system, send, shop);
  const sql = postgres(system.adminDatabaseUrl, { max: 1, onnotice: () => {} });
  await sql`create extension if not exists pg_stat_statements`;
  await sql`select pg_stat_statements_reset()`;
  const cpuBefore = cpuSecondsOf(process.pid);
  const measured = await measure('checkout, to the issued invoice', options, checkouts.checkOut);
  const cpuAfter = cpuSecondsOf(process.pid);
  const [statements] = await sql<
    { calls: number }[]
  >`select sum(calls)::float8 as calls from pg_stat_statements`;
  report(measured);
  const total = measured.latenciesMs.length + options.warmUpSeconds * median(measured.perSecond);
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
}

/** The floor has no tenant setting, so it reads as the admin of the server. */
function withOwner(ownerUrl: string): string {
  const url = new URL(system.adminDatabaseUrl);
  url.pathname = new URL(ownerUrl).pathname;
  return url.href;
}
