import { cpus } from 'node:os';
import { parseArgs } from 'node:util';
import { scheduleAsBatch, startSystem } from '@zoco/local';
import postgres from 'postgres';
import { withCost } from './checkout-cost.ts';
import { openCheckoutFloor, startBareServer } from './floors.ts';
import {
  closedLoops,
  describe,
  describeRatio,
  endingWith,
  measureInTurns,
  type Workload,
} from './measure.ts';
import { createSender, createShopLoad, openCheckouts, TENANT } from './shop-load.ts';
import { compareTelemetry } from './telemetry-cost.ts';

const { values } = parseArgs({
  options: {
    clients: { type: 'string', default: '16' },
    rounds: { type: 'string', default: '3' },
    seconds: { type: 'string', default: '20' },
    'warm-up': { type: 'string', default: '30' },
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
// As `npm start` runs, and the floors with it.
scheduleAsBatch();
if (values.telemetry) {
  await compareTelemetry(options);
  process.exit();
}
await using stack = new AsyncDisposableStack();
const { send } = stack.use(createSender(options.clients * 2));
const system = await startSystem({ freePorts: true, seed: true, readyTimeoutMs: 60_000 });
stack.defer(() => system.stop());
const shop = await createShopLoad(system, send, options.clients);
const { api, buyers, pick } = shop;
const bare = stack.use(await startBareServer(withOwner(system.databaseUrls('catalog').ownerUrl), TENANT));
const checkouts = stack.use(await openCheckouts(system, send, shop));
const sql = stack.adopt(postgres(system.adminDatabaseUrl, { max: 1, onnotice: () => {} }), (open) =>
  open.end(),
);
await sql`create extension if not exists pg_stat_statements`;

const load = (name: string, work: (client: number) => Promise<unknown>) =>
  closedLoops(name, options.clients, async (client) => void (await work(client)));
const bareList = load('floor: bare Hono, list 20', () => send('GET', `${bare.url}/products`));
const list = load('gateway: list 20', () => send('GET', `${api}/products?limit=20`));
const bareSql = await openCheckoutFloor(system.adminDatabaseUrl, options.clients);
if (bareSql === undefined)
  console.log('pgbench is not installed: the bare SQL of a checkout is not measured');
else stack.use(bareSql);
const addToCart = load('gateway: add to cart', (client) =>
  send('POST', `${api}/cart/items`, buyers[client], { product_id: pick(), quantity: 1 }),
);
const checkout = withCost(load('checkout, to the issued invoice', checkouts.checkOut), sql);
const measured = await measureInTurns(
  [
    bareList,
    list,
    load('gateway: list 20, signed in', (client) => send('GET', `${api}/products?limit=20`, buyers[client])),
    load('floor: bare Hono, get one', () => send('GET', `${bare.url}/products/${pick()}`)),
    load('gateway: get one', () => send('GET', `${api}/products/${pick()}`)),
    // What it leaves behind would all be checked out at once.
    endingWith(addToCart, () => shop.emptyCarts()),
    checkout,
    ...(bareSql === undefined ? [] : [bareSql]),
  ],
  options,
);
for (const measurement of measured) console.log(describe(measurement));

const ratio = (one: Workload, many: Workload | undefined) => {
  const [first, second] = [one, many].map((workload) => measured.find(({ name }) => name === workload?.name));
  if (first !== undefined && second !== undefined) console.log(describeRatio(first, second));
};
console.log();
ratio(list, bareList);
ratio(checkout, bareList);
ratio(checkout, bareSql);
console.log(`\nwhat one checkout costs:`);
for (const line of checkout.describeCost()) console.log(`  ${line}`);

/** The floor has no tenant setting, so it reads as the admin of the server. */
function withOwner(ownerUrl: string): string {
  const url = new URL(system.adminDatabaseUrl);
  url.pathname = new URL(ownerUrl).pathname;
  return url.href;
}
