import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  type GivenAnswer,
  problem,
  type ReceivedRequest,
  startApiServer,
} from '../../fixtures/api-server.ts';
import { silentTerminal } from '../../fixtures/silent-terminal.ts';
import { createApi } from '../api.ts';
import { run } from '../run.ts';
import { importOrders as replay } from './import-orders.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'zoco-orders-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

type Refund = { readonly amount_cents: number; readonly reason: string };

interface OrderBody {
  readonly customer_id: string;
  readonly reference: string;
  readonly items: readonly { readonly product_id: string; readonly quantity: number }[];
  readonly payment_method: string;
}

/**
 * As much of the public API as a replay needs: lists in pages of two, and answers that are kept by login and idempotency key. It stands
 * in for the gateway, so that this test can look at what was asked.
 */
async function startShop() {
  const customers: { id: string; email: string }[] = [];
  const products: { id: string; sku: string; price_cents: number; stock: number }[] = [];
  const answers = new Map<string, GivenAnswer>();
  const refunds: { order: string; amount_cents: number; reason: string }[] = [];
  const settled = new Set<string>();
  const states = new Map<string, string>();
  const orders = new Map<string, object>();
  const references = new Map<string, string>();
  let forgetful = false;
  let withoutPayment = 0;

  const page = (path: string, all: readonly object[]): GivenAnswer => {
    const from = Number(new URL(path, 'http://x').searchParams.get('cursor') ?? 0);
    const next = from + 2 < all.length ? String(from + 2) : null;
    return { status: 200, json: { data: all.slice(from, from + 2), next_cursor: next } };
  };

  function create(request: ReceivedRequest): GivenAnswer {
    const { customer_id, reference, items, payment_method } = JSON.parse(request.body) as OrderBody;
    if (!customers.some(({ id }) => id === customer_id)) return problem(404, 'customer_not_found');
    const taken = references.get(`${customer_id} ${reference}`);
    if (taken !== undefined)
      return problem(409, 'order_reference_taken', { location: `/api/v1/orders/${taken}` });
    const lines = items.map(({ product_id, quantity }) => ({
      ...products.find(({ id }) => id === product_id),
      quantity,
    }));
    const short = lines.find(({ stock, quantity }) => stock === undefined || stock < quantity);
    if (short !== undefined) return problem(409, 'stock_insufficient');
    const id = `ord_${states.size + 1}`;
    states.set(id, 'created');
    references.set(`${customer_id} ${reference}`, id);
    const order = {
      id,
      status: 'created',
      confirmed_at: null,
      payment_method,
      prices_include_tax: true,
      total_cents: lines.reduce((sum, line) => sum + (line.price_cents ?? 0) * line.quantity, 0),
      items: lines.map(({ sku, quantity, price_cents }) => ({
        sku,
        quantity,
        unit_price_cents: price_cents,
        tax_cents: 0,
      })),
    };
    orders.set(id, order);
    return { status: 201, json: order };
  }

  function act(request: ReceivedRequest): GivenAnswer {
    const { path, body } = request;
    const [, kind = '', id = '', verb = ''] = /^\/api\/v1\/(\w+)(?:\/(\w+)\/(\w+))?$/.exec(path) ?? [];
    if (kind === 'orders' && id === '') return create(request);
    if (kind === 'orders') {
      if (verb === 'confirm' && states.get(id) !== 'created') return problem(409, 'order_status_conflict');
      states.set(id, verb);
      return { status: 200, json: { id } };
    }
    if (verb === 'settle') {
      settled.add(id);
      return { status: 200, json: {} };
    }
    refunds.push({ order: id.replace('pay_', ''), ...(JSON.parse(body) as Refund) });
    return { status: 201, json: {} };
  }

  const server = await startApiServer((request) => {
    const { method, path, body, headers } = request;
    if (path.endsWith('/login')) {
      const { email } = JSON.parse(body) as { email: string };
      return { status: 200, json: { access_token: email } };
    }
    if (method === 'GET' && path.startsWith('/api/v1/customers')) return page(path, customers);
    if (method === 'GET' && path.startsWith('/api/v1/products')) return page(path, products);
    if (method === 'GET' && path.startsWith('/api/v1/orders/')) {
      const id = path.split('/').at(-1) ?? '';
      const state = states.get(id);
      const status = state === 'cancel' ? 'canceled' : state === 'confirm' ? 'confirmed' : 'created';
      const confirmed_at = status === 'created' ? null : '2026-11-22T10:15:00.000Z';
      return { status: 200, json: { ...orders.get(id), status, confirmed_at } };
    }
    if (method === 'GET' && path.startsWith('/api/v1/payments')) {
      const order = new URL(path, 'http://x').searchParams.get('order_id') ?? '';
      if (withoutPayment > 0) {
        withoutPayment -= 1;
        return { status: 200, json: { data: [], next_cursor: null } };
      }
      const payment = {
        id: `pay_${order}`,
        status: settled.has(`pay_${order}`) ? 'succeeded' : 'pending',
        refunds: refunds.filter((refund) => refund.order === order),
      };
      return { status: 200, json: { data: [payment], next_cursor: null } };
    }
    if (path.endsWith('/customers')) {
      const customer = { id: `cus_${customers.length + 1}`, ...(JSON.parse(body) as { email: string }) };
      customers.push(customer);
      return { status: 201, json: customer };
    }
    if (path.endsWith('/products/import')) {
      const lines = body.split('\n').map((line) => JSON.parse(line) as (typeof products)[number]);
      for (const line of lines) products.push({ ...line, id: `prd_${products.length + 1}` });
      const counts = { created: lines.length, updated: 0, unchanged: 0 };
      return { status: 200, json: { ...counts, refused: [], refused_count: 0, refused_truncated: false } };
    }
    const key = `${String(headers.authorization)} ${String(headers['idempotency-key'])}`;
    const known = answers.get(key);
    if (known !== undefined && forgetful && path.startsWith('/api/v1/orders')) {
      const { id } = known.json as { id: string };
      return problem(409, 'idempotency_key_expired', { location: `/api/v1/orders/${id}` });
    }
    if (known !== undefined) return { ...known, headers: { 'idempotency-replayed': 'true' } };
    const answer = act(request);
    answers.set(key, answer);
    return answer;
  });
  return {
    server,
    customers,
    products,
    refunds,
    states,
    keys: answers,
    /** As after a day: keys of orders are known, their answers are not. */
    forgetAnswers: () => void (forgetful = true),
    /** So many looks at the payment of an order find none. */
    openPaymentsLate: (looks: number) => void (withoutPayment = looks),
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}

const FILE = `"InvoiceNo","StockCode","Description","Quantity","InvoiceDate","UnitPrice","CustomerID","Country"
"536365","85123A","WHITE HANGING HEART",6,"2010-12-01T08:26:00",2.55,17850,"United Kingdom"
"536365","71053","WHITE METAL LANTERN",6,"2010-12-01T08:26:00",3.39,17850,"United Kingdom"
"536366","22633","HAND WARMER",2,"2010-12-01T08:28:00",1.85,17850,"United Kingdom"
"536367","84879","BIRD ORNAMENT",32,"2010-12-01T08:34:00",1.69,13047,"United Kingdom"
"536368","22960","JAM MAKING SET",6,"2010-12-01T08:34:00",4.25,,"France"
"536369","POST","POSTAGE",1,"2010-12-01T08:35:00",18.00,13047,"France"
"C536379","71053","WHITE METAL LANTERN",-2,"2010-12-01T09:41:00",3.39,17850,"United Kingdom"
"C536383","22633","HAND WARMER",-2,"2010-12-01T09:49:00",1.85,17850,"United Kingdom"
"C536384","84879","BIRD ORNAMENT",-33,"2010-12-01T09:49:00",1.69,13047,"United Kingdom"
`;

async function importOrders(url: string, ...flags: string[]) {
  return importFile(url, FILE, ...flags);
}

async function importFile(url: string, file: string, ...flags: string[]) {
  writeFileSync(join(folder, 'retail.csv'), file);
  const terminal = silentTerminal();
  const exitCode = await run(['import', 'orders', 'retail.csv', '--tenant', 'acme', '--url', url, ...flags], {
    surroundings: { env: {}, system: undefined, folder },
    terminal,
    signal: new AbortController().signal,
  });
  return { exitCode, summary: terminal.outLines.at(-1) ?? '', notes: terminal.noteLines.join('\n') };
}

test('invoices become orders of their customers, and cancellations take them back', async () => {
  await using shop = await startShop();
  const { exitCode, summary, notes } = await importOrders(shop.server.url, '--report', 'report.ndjson');
  expect(exitCode, notes).toBe(0);
  expect(summary).toMatch(
    /^8 invoices: 3 orders confirmed in .* orders\/s\), 1 canceled, 1 refunded; 5 of these are new$/,
  );
  expect(shop.customers.map(({ email }) => email).toSorted()).toEqual([
    'customer-13047@online-retail.example',
    'customer-17850@online-retail.example',
  ]);
  expect(shop.products.map(({ sku, stock }) => [sku, stock])).toEqual([
    ['85123A-255', 6],
    ['71053-339', 6],
    ['22633-185', 2],
    ['84879-169', 32],
  ]);
  expect([...shop.states.values()].toSorted()).toEqual(['cancel', 'confirm', 'confirm']);
  expect(shop.refunds).toMatchObject([{ amount_cents: 678, reason: 'online retail invoice C536379' }]);
  const reasons = readFileSync(join(folder, 'report.ndjson'), 'utf8').trimEnd().split('\n');
  expect(reasons.map((line) => (JSON.parse(line) as { invoice: string }).invoice).toSorted()).toEqual([
    '536368',
    '536369',
    '536369',
    'C536384',
  ]);
  expect(notes).toContain('the invoice names no customer');
});

test('a second run asks with the same keys and adds nothing', async () => {
  await using shop = await startShop();
  await importOrders(shop.server.url, '--concurrency', '1');
  const before = JSON.stringify([
    shop.customers,
    shop.products,
    shop.refunds,
    [...shop.states],
    [...shop.keys.keys()],
  ]);
  const { summary } = await importOrders(shop.server.url, '--concurrency', '3');
  expect(summary).toMatch(/3 orders confirmed .* 1 canceled, 1 refunded; 0 of these are new$/);
  expect(
    JSON.stringify([shop.customers, shop.products, shop.refunds, [...shop.states], [...shop.keys.keys()]]),
  ).toBe(before);
  for (const key of shop.keys.keys()) expect(key.length).toBeGreaterThanOrEqual(16);
});

test('a run after the answers were forgotten finds its orders, and adds nothing', async () => {
  await using shop = await startShop();
  await importOrders(shop.server.url);
  shop.forgetAnswers();
  const { exitCode, summary, notes } = await importOrders(shop.server.url, '--strict');
  expect(summary).toMatch(/3 orders confirmed .* 1 canceled, 1 refunded; 0 of these are new$/);
  expect(exitCode, notes).toBe(0);
  expect(shop.states.size).toBe(3);
});

test.each([
  ['another of the staff', ['--email', 'other@acme.example', '--password', 'secret']],
  ['an API key', ['--api-key', 'key']],
])('a second run by %s adds nothing', async (_who, login) => {
  await using shop = await startShop();
  await importOrders(shop.server.url);
  const { exitCode, summary, notes } = await importOrders(shop.server.url, '--strict', ...login);
  expect(exitCode, notes).toBe(0);
  expect(summary).toMatch(/3 orders confirmed .* 1 canceled, 1 refunded; 0 of these are new$/);
  expect([...shop.states.values()].toSorted()).toEqual(['cancel', 'confirm', 'confirm']);
  expect(shop.refunds).toHaveLength(1);
});

test('what another run has placed and not confirmed is confirmed', async () => {
  await using shop = await startShop();
  await importOrders(shop.server.url);
  for (const id of shop.states.keys()) shop.states.set(id, 'created');
  const { exitCode, notes } = await importOrders(shop.server.url, '--strict', '--api-key', 'key');
  expect(exitCode, notes).toBe(0);
  expect([...shop.states.values()].toSorted()).toEqual(['cancel', 'confirm', 'confirm']);
});

test('a payment that is opened a little later is waited for', async () => {
  await using shop = await startShop();
  shop.openPaymentsLate(1);
  const { exitCode, summary, notes } = await importOrders(shop.server.url);
  expect(exitCode, notes).toBe(0);
  expect(summary).toMatch(/1 canceled, 1 refunded; 5 of these are new$/);
});

test('a payment that is never opened is a failure of the system', async () => {
  await using shop = await startShop();
  shop.openPaymentsLate(Infinity);
  writeFileSync(join(folder, 'retail.csv'), FILE);
  const waits: number[] = [];
  const api = createApi({
    url: shop.server.url,
    tenant: 'acme',
    credentials: { kind: 'api-key', key: 'key' },
    signal: new AbortController().signal,
    wait: async (ms) => void waits.push(ms),
  });
  const imported = await replay({
    file: join(folder, 'retail.csv'),
    concurrency: 1,
    limit: undefined,
    api,
    terminal: silentTerminal(),
    report: { add() {}, async close() {} },
  });
  expect(imported).toMatchObject({ confirmed: 3, canceled: 1, refunded: 0, brokenCount: 1 });
  expect([...imported.refused.keys()]).toEqual(['the order has no payment yet']);
  expect(waits.reduce((sum, ms) => sum + ms, 0)).toBe(30_000);
});

describe('a line that cannot be read', () => {
  const GOOD = '6,"2010-12-01T08:26:00",3.39,17850';

  test.each([
    ['has a field that is wrong', '6,"2010-12-01T08:26:00","3,39",17850'],
    ['has a field too many', '6,"2010-12-01T08:26:00",3,39,17850'],
  ])('%s: its invoice waits until the file is mended', async (_what, bad) => {
    await using shop = await startShop();
    const flags = ['--report', 'report.ndjson'];
    const broken = await importFile(shop.server.url, FILE.replace(GOOD, bad), ...flags);
    expect(broken.exitCode, broken.notes).toBe(0);
    expect(broken.summary).toMatch(/^8 invoices: 2 orders confirmed/);
    expect(broken.notes).toMatch(/ 1 {2}a line cannot be read\n/);
    const entries = readFileSync(join(folder, 'report.ndjson'), 'utf8').trimEnd().split('\n');
    expect(entries.map((entry) => JSON.parse(entry) as object)).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ line: 3, invoice: '536365' }),
        { invoice: '536365', reason: 'a line cannot be read' },
      ]),
    );
    const strict = await importFile(shop.server.url, FILE.replace(GOOD, bad), '--strict');
    expect(strict.exitCode).toBe(1);

    const { exitCode, summary, notes } = await importOrders(shop.server.url, '--strict');
    expect(exitCode, notes).toBe(0);
    expect(summary).toMatch(/3 orders confirmed .* 1 canceled, 1 refunded/);
    expect(shop.states.size).toBe(3);
  });

  test('and does not even say which invoice it belongs to is counted', async () => {
    await using shop = await startShop();
    const file = FILE.replace('"WHITE METAL LANTERN",6', '"WHITE "METAL" LANTERN",6');
    const { exitCode, notes } = await importFile(shop.server.url, file, '--strict');
    expect(exitCode).toBe(1);
    expect(notes).toContain('       1  a line cannot be read, nor the number of its invoice');
  });
});

test('a limit replays the first invoices; a longer run goes on from there', async () => {
  await using shop = await startShop();
  const { summary } = await importOrders(shop.server.url, '--limit', '1');
  expect(summary).toMatch(/^1 invoice: 1 orders confirmed/);
  const { summary: more } = await importOrders(shop.server.url);
  expect(more).toMatch(/3 orders confirmed .*; 4 of these are new$/);
});

test('an order that is refused is told with its reason, as is what would take it back', async () => {
  await using shop = await startShop();
  shop.products.push({ id: 'prd_0', sku: '22633-185', price_cents: 185, stock: 1 });
  const { exitCode, notes } = await importOrders(shop.server.url, '--strict');
  expect(exitCode).toBe(1);
  expect(notes).toContain('the order was refused: 409 stock_insufficient');
  expect(notes).toContain('the order that it takes back was refused');
});

test.each([['no CSV of orders', 'sku,name\nA,b\n', /no Online Retail CSV: the columns InvoiceNo/]])(
  '%s ends with one sentence',
  async (_what, content, sentence) => {
    writeFileSync(join(folder, 'other.csv'), content);
    const terminal = silentTerminal();
    const exitCode = await run(['import', 'orders', 'other.csv', '--tenant', 'acme', '--api-key', 'k'], {
      surroundings: { env: {}, system: undefined, folder },
      terminal,
      signal: new AbortController().signal,
    });
    expect(exitCode).toBe(1);
    expect(terminal.noteLines.at(-1)).toMatch(sentence);
  },
);
