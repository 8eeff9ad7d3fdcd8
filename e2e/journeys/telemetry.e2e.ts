import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { HANDLES, SERVICE_NAMES, type ServiceName } from '@zoco/contracts';
import { type RunningSystem, startSystem } from '@zoco/local';
import { eventually } from '@zoco/testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Api, createApi } from '../src/api.ts';
import { type MetricsPage, parseMetrics, readMetricsPage } from '../src/exposition.ts';
import { createShop, type Shop } from '../src/shop.ts';
import { type ReceivedSpan, type SpanReceiver, startSpanReceiver } from '../src/span-receiver.ts';
import { isOfDatabase, KINDS, labelOf, pathTo, wholeTrace } from '../src/trace.ts';
import { checkOutTraced, type TracedCheckout } from '../src/traced-checkout.ts';

let receiver: SpanReceiver;
let system: RunningSystem;
let api: Api;
let shop: Shop;

beforeAll(async () => {
  receiver = await startSpanReceiver();
  system = await startSystem({
    freePorts: true,
    seed: true,
    env: {
      ...process.env,
      OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url,
      OTEL_TRACES_SAMPLER_ARG: '1',
      OTEL_RESOURCE_ATTRIBUTES: 'k8s.namespace.name=shop,k8s.pod.name=pod-1,service.name=nobody',
    },
  });
  api = createApi(system.urls.gateway);
  shop = createShop(api, 'libros');
});
afterAll(async () => {
  await system.stop();
  await receiver[Symbol.asyncDispose]();
});

async function scrape(service: ServiceName, accept = 'text/plain'): Promise<string> {
  const response = await fetch(`${system.adminUrls[service]}/metrics`, { headers: { accept } });
  expect(response.status).toBe(200);
  return response.text();
}
const pageOf = async (service: ServiceName): Promise<MetricsPage> => parseMetrics(await scrape(service));

const DOOR = [
  'gateway server POST /api/v1/cart/checkout',
  'gateway client POST /api/v1/cart/checkout',
  'cart server POST /api/v1/cart/checkout',
  'cart client POST /internal/orders',
  'orders server POST /internal/orders',
];
const ORDERED = [...DOOR, 'orders producer publish zoco.orders.order.created.{tenant}'];
const PAYING = [...ORDERED, 'payments consumer process zoco.orders.order.created.{tenant}'];
const PAID = [
  ...PAYING,
  'payments producer publish zoco.payments.payment.succeeded.{tenant}',
  'orders consumer process zoco.payments.payment.succeeded.{tenant}',
  'orders producer publish zoco.orders.order.confirmed.{tenant}',
];
const INVOICED = 'invoicing producer publish zoco.invoicing.invoice.issued.{tenant}';
const COMMITTED = 'catalog consumer process zoco.orders.order.confirmed.{tenant}';
const EMPTIED = 'cart consumer process zoco.orders.order.created.{tenant}';

describe('one checkout is one trace', () => {
  let spans: ReceivedSpan[];
  let checkout: TracedCheckout;

  beforeAll(async () => {
    checkout = await checkOutTraced(api, shop);
    const { traceId, clientSpanId } = checkout;
    spans = await wholeTrace(receiver, traceId, clientSpanId, [INVOICED, COMMITTED, EMPTIED]);
  });

  test.each([
    [
      'the reservation',
      [
        ...DOOR,
        'orders client PUT /internal/reservations/{order_id}',
        'catalog server PUT /internal/reservations/:order_id',
      ],
    ],
    ['the call to Stripe', [...PAYING, 'payments client stripe payment_intents.create']],
    ['the end of the cart', [...ORDERED, EMPTIED]],
    ['the end of the reservation', [...PAID, COMMITTED]],
    ['the invoice', [...PAID, 'invoicing consumer process zoco.orders.order.confirmed.{tenant}', INVOICED]],
  ])('%s hangs together with the request', (_name, path) => {
    expect(pathTo(spans, path.at(-1) ?? '')).toEqual(path);
  });

  test('it begins at the client’s own span', () => {
    const door = spans.find((span) => labelOf(span) === DOOR[0]);
    expect(door?.parentSpanId).toBe(checkout.clientSpanId);
  });

  test('consumers are linked to the transaction that recorded their event', () => {
    const consumers = spans.filter(({ kind }) => KINDS[kind] === 'consumer');
    const linked = consumers.map(({ name, links }) => [
      name,
      spans.find(({ spanId }) => spanId === links?.[0]?.spanId)?.attributes['db.operation.name'],
    ]);
    expect(linked.length).toBeGreaterThan(4);
    expect(linked).toEqual(consumers.map(({ name }) => [name, 'transaction']));
  });

  test('spans say what they are by the conventions, and hold no values', () => {
    const attributesOf = (name: string) => spans.find((span) => labelOf(span) === name)?.attributes;
    expect(attributesOf('cart server POST /api/v1/cart/checkout')).toMatchObject({
      'http.request.method': 'POST',
      'http.route': '/api/v1/cart/checkout',
      'url.path': '/api/v1/cart/checkout',
      'http.response.status_code': 201,
    });
    expect(attributesOf('payments consumer process zoco.orders.order.created.{tenant}')).toMatchObject({
      'messaging.system': 'nats',
      'messaging.operation.type': 'process',
      'messaging.destination.name': 'zoco.orders.order.created.libros',
      'messaging.destination.template': 'zoco.orders.order.created.{tenant}',
      'messaging.consumer.group.name': 'payments-on-order-created',
    });
    const statement = spans.find(
      ({ service, name }) => service === 'payments' && name === 'insert inbox',
    )?.attributes;
    expect(statement).toMatchObject({ 'db.system.name': 'postgresql', 'db.query.summary': 'insert inbox' });
    expect(statement?.['db.query.text']).toContain('values ($1, $2, $3)');
    expect(JSON.stringify(spans.filter(isOfDatabase))).not.toContain(checkout.orderId);
  });

  test('processes say who and where they are', () => {
    for (const { service, resource } of spans) {
      expect(SERVICE_NAMES).toContain(service);
      expect(resource).toMatchObject({
        'service.namespace': 'zoco',
        'k8s.namespace.name': 'shop',
        'k8s.pod.name': 'pod-1',
      });
      expect(resource['service.version']).toMatch(/\d/);
    }
  });
});

describe('metrics', () => {
  let checkout: TracedCheckout;
  beforeAll(async () => {
    checkout = await checkOutTraced(api, shop);
    await api.request('GET', '/products', { tenant: 'libros' });
  });

  test('are the ones that docs/metrics.md lists, with those labels, where it says', async () => {
    const markdown = await readFile(new URL('../../docs/metrics.md', import.meta.url), 'utf8');
    const documented = readMetricsPage(markdown);
    const pages = new Map<ServiceName, MetricsPage>();
    for (const service of SERVICE_NAMES) pages.set(service, await pageOf(service));
    const served = new Set([...pages.values()].flatMap(({ types }) => [...types.keys()]));
    const ours = [...served].filter((name) => !/^(nodejs|process)_/.test(name));
    expect(ours.toSorted()).toEqual(documented.map(({ name }) => name).toSorted());
    for (const { name, type, labels, section } of documented) {
      const servedBy = SERVICE_NAMES.filter((service) => pages.get(service)?.types.has(name));
      expect([name, pages.get(servedBy[0] ?? 'gateway')?.types.get(name)]).toEqual([name, type]);
      const isOfOne = SERVICE_NAMES.some((service) => service === section);
      expect([name, servedBy]).toEqual([name, isOfOne ? [section] : servedBy]);
      // What has not happened yet has no series and so shows no labels.
      const series = [...pages.values()]
        .flatMap((page) => page.series)
        .filter(({ metric }) => metric === name);
      const found = new Set(series.flatMap((one) => Object.keys(one.labels)));
      const more = [...found].filter((one) => !['le', 'service', ...labels].includes(one));
      expect([name, more]).toEqual([name, []]);
    }
  });

  test('tell nothing of tenants, users, orders or paths', async () => {
    const forbidden = new Set(['tenant', 'tenant_id', 'user', 'user_id', 'order', 'order_id', 'path', 'url']);
    const secrets = ['libros', 'acme', checkout.orderId, checkout.userId];
    const faults: string[] = [];
    for (const service of SERVICE_NAMES) {
      for (const { metric, labels } of (await pageOf(service)).series) {
        for (const [name, value] of Object.entries(labels)) {
          const isId = /[a-z]{3}_[0-9a-hjkmnp-tv-z]{26}/.test(value);
          if (forbidden.has(name) || isId || secrets.some((secret) => value.includes(secret)))
            faults.push(`${service} ${metric} ${name}=${value}`);
        }
      }
    }
    expect(faults).toEqual([]);
  });

  test.each(['gateway', 'orders'] as const)(
    '5,000 invented addresses at %s add no series',
    { timeout: 180_000 },
    async (service) => {
      const ask = async (index: number) => {
        const method = ['GET', 'POST', 'DELETE', 'PROPFIND'][index % 4] ?? 'GET';
        const response = await fetch(`${system.urls[service]}${inventPath(index)}`, { method });
        await response.arrayBuffer();
      };
      // Which statuses occur is a matter of load, and so is what the runtime tells of sockets and garbage.
      const seriesNow = async () => {
        const { series } = await pageOf(service);
        const lasting = series.filter(({ metric }) => !metric.startsWith('nodejs_'));
        return new Set(
          lasting.map(({ metric, labels }) => JSON.stringify([metric, { ...labels, status: '' }])),
        );
      };
      await askMany(200, ask);
      const before = await seriesNow();
      await askMany(5000, ask);
      const after = await seriesNow();
      expect([...after].filter((one) => !before.has(one))).toEqual([]);
      const all = [...after].join('\n');
      expect(all).toContain('"route":"unmatched"');
      expect(all).toContain('"method":"_OTHER"');
    },
  );

  test('show what happened: money, orders, documents, queues', async () => {
    const valueOf = async (service: ServiceName, metric: string, labels: Record<string, string> = {}) => {
      const { series } = await pageOf(service);
      const wanted = Object.entries(labels);
      return series.find(
        (one) => one.metric === metric && wanted.every(([key, value]) => one.labels[key] === value),
      )?.value;
    };
    // The last of it comes after the documents that a checkout waits for.
    await eventually(async () => {
      const revenue = await valueOf('orders', 'zoco_orders_revenue_total', { currency: 'EUR' });
      // Two orders of two lamps at 12.99, whatever shipping costs.
      expect(revenue).toBeGreaterThanOrEqual(4 * 12.99);
      expect(revenue).toBeLessThan(1000);
      expect(await valueOf('payments', 'zoco_payments_captured_amount_total', { currency: 'EUR' })).toBe(
        revenue,
      );
      expect(await valueOf('invoicing', 'zoco_invoices_issued_total', { kind: 'invoice' })).toBe(2);
      expect(await valueOf('cart', 'zoco_carts_checked_out_total')).toBe(2);
      expect(await valueOf('catalog', 'zoco_stock_reservations_total', { outcome: 'held' })).toBe(2);
      expect(await valueOf('catalog', 'zoco_stock_oversold_products')).toBe(0);
      expect(await valueOf('orders', 'zoco_nats_connected')).toBe(1);
      expect(await valueOf('payments', 'zoco_ledger_checked_timestamp_seconds')).toBeGreaterThan(0);
      expect(await valueOf('payments', 'zoco_ledger_unbalanced_journals')).toBe(0);
      const pending = (await pageOf('payments')).series.filter(
        ({ metric }) => metric === 'zoco_consumer_pending',
      );
      expect(pending).toHaveLength(HANDLES.payments.length);
    });
  });

  test('carry the trace of a request as exemplar, when OpenMetrics is asked for', async () => {
    const text = await scrape('cart', 'application/openmetrics-text;version=1.0.0,text/plain;q=0.5');
    expect(text).toMatch(
      /^http_server_request_duration_seconds_bucket\{.*service="cart"\} \d+ # \{trace_id="[0-9a-f]{32}"/m,
    );
    expect(text).toMatch(/^zoco_carts_created_total\{service="cart"\} 2$/m);
    expect(text.endsWith('# EOF\n')).toBe(true);
    // The counters of the other format keep their names.
    const plain = await scrape('cart');
    expect(plain).toMatch(/^zoco_carts_created_total\{service="cart"\} 2$/m);
    expect(plain).not.toContain('trace_id');
  });

  test('are there while database and NATS are away', async () => {
    await system.stopNats();
    await system.killPostgres();
    expect((await pageOf('orders')).types.has('zoco_outbox_pending')).toBe(true);
    await eventually(async () => {
      const { series } = await pageOf('orders');
      const ofConsumers = series.find(
        ({ metric, labels }) =>
          metric === 'zoco_metrics_sample_failures_total' && labels['sample'] === 'consumers',
      );
      expect(series.find(({ metric }) => metric === 'zoco_nats_connected')?.value).toBe(0);
      expect(ofConsumers?.value).toBeGreaterThan(0);
    });
    await system.startNats();
  });
});

function inventPath(index: number): string {
  const word = randomBytes(6).toString('hex');
  const forms = [`/${word}`, `/api/v1/${word}/${word}`, `/api/v1/orders/${word}/${word}`, `/%20/${word}`];
  return forms[(index >> 2) % 4] ?? '/';
}

async function askMany(count: number, ask: (index: number) => Promise<void>): Promise<void> {
  let next = 0;
  const askNext = async () => {
    while (next < count) await ask((next += 1));
  };
  await Promise.all(Array.from({ length: 16 }, askNext));
}
