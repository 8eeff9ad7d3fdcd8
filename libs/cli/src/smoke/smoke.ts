import { randomBytes } from 'node:crypto';
import { z } from 'zod';
import { type Api, createApi, type Credentials } from '../api.ts';
import type { Terminal } from '../terminal.ts';
import { PLATFORM_TENANT } from './credentials.ts';
import { expectOk, type Limits, step, waitForGateway, waitUntil } from './patience.ts';

export interface SmokeTest {
  readonly url: string;
  /** A tenant that exists, whose staff signs in; undefined makes one for this test, as the platform's administrator. */
  readonly tenant: string | undefined;
  readonly credentials: Credentials;
  /** For all of it. */
  readonly timeoutMs: number;
  readonly terminal: Terminal;
  readonly signal: AbortSignal;
}

const Created = z.object({ id: z.string() });
const Settings = z.object({ id: z.string(), currency: z.string() });
const Order = z.object({
  id: z.string(),
  number: z.string(),
  status: z.string(),
  payment_status: z.string(),
  total_cents: z.int(),
  currency: z.string(),
});
const Invoices = z.object({
  data: z.array(z.object({ id: z.string(), number: z.string(), total_cents: z.int() })),
});
const Anything = z.unknown();

const ADDRESS = { line1: 'Calle Mayor 1', city: 'Madrid', postal_code: '28013', country: 'ES' };
// What every sandbox and test account of Stripe takes for a card that works.
const CARD = 'pm_card_visa';

/**
 * Buys something, as a customer does, at a system that runs: catalog, cart, orders, payments, invoicing and what lies
 * between them have to work for the invoice to come. Prints each step.
 * @throws CliFailure with the step that failed and why
 */
export async function smoke(test: SmokeTest): Promise<void> {
  const startedMs = performance.now();
  const timeout = AbortSignal.timeout(test.timeoutMs);
  const deadline = AbortSignal.any([test.signal, timeout]);
  const limits = { timeoutMs: test.timeoutMs, signal: test.signal, deadline };
  const { terminal } = test;
  await step(terminal, limits, 'the gateway answers', () => waitForGateway(test.url, limits));
  const shop = await openShop(test, limits);
  const order = await buy(test, limits, shop);
  await shop.close();
  const total = `${(order.total_cents / 100).toFixed(2)} ${order.currency}`;
  const seconds = ((performance.now() - startedMs) / 1000).toFixed(1);
  terminal.out(
    `Works: order ${order.number} over ${total} was confirmed, paid and invoiced, all in ${seconds} s.`,
  );
}

interface Shop {
  readonly tenant: string;
  readonly staff: Api;
  /** Undoes what can be undone; after a failure it is left for those who look into it. */
  close(): Promise<void>;
}

async function openShop(test: SmokeTest, limits: Limits): Promise<Shop> {
  const { url, terminal, credentials, tenant } = test;
  const connect = (name: string, login: Credentials) =>
    createApi({ url, tenant: name, credentials: login, signal: limits.deadline });
  if (tenant !== undefined) {
    return { tenant, staff: connect(tenant, credentials), close: () => Promise.resolve() };
  }
  const platform = connect(PLATFORM_TENANT, credentials);
  const id = `smoke-${randomBytes(5).toString('hex')}`;
  const admin = { email: `admin@${id}.example`, password: newPassword() };
  await step(terminal, limits, `made the tenant ${id}`, () =>
    expectOk(
      platform,
      limits,
      {
        method: 'POST',
        path: '/tenants',
        json: { id, name: 'Smoke test', currency: 'EUR', locale: 'en-US', admin },
      },
      Settings,
    ),
  );
  return {
    tenant: id,
    staff: connect(id, { kind: 'password', ...admin }),
    close: () =>
      step(terminal, limits, `closed the tenant ${id}`, async () => {
        const request = { method: 'PATCH', path: `/tenants/${id}`, json: { active: false } } as const;
        await expectOk(platform, limits, request, Anything);
      }),
  };
}

async function buy(test: SmokeTest, limits: Limits, shop: Shop): Promise<z.infer<typeof Order>> {
  const { terminal } = test;
  const product = await step(terminal, limits, 'put a product on sale', () => {
    const sku = `smoke-${randomBytes(6).toString('hex')}`;
    const json = { sku, name: 'Smoke test', price_cents: 1299, stock: 1 };
    return expectOk(shop.staff, limits, { method: 'POST', path: '/products', json }, Created);
  });
  const buyer = await step(terminal, limits, 'registered a buyer', () => register(test, limits, shop.tenant));
  await step(terminal, limits, 'filled the cart', () => {
    const json = { product_id: product.id, quantity: 1 };
    return expectOk(buyer, limits, { method: 'POST', path: '/cart/items', json }, Anything);
  });
  const placed = await step(terminal, limits, 'checked out', () => {
    const json = { payment_method: 'card', payment_token: CARD, shipping_address: ADDRESS };
    const idempotencyKey = `smoke-${randomBytes(12).toString('hex')}`;
    return expectOk(buyer, limits, { method: 'POST', path: '/cart/checkout', json, idempotencyKey }, Order);
  });
  const order = await step(terminal, limits, 'the order is confirmed and paid', () =>
    waitUntil(
      limits,
      () => expectOk(buyer, limits, { method: 'GET', path: `/orders/${placed.id}` }, Order),
      ({ status, payment_status: paid }) =>
        status === 'confirmed' && paid === 'paid' ? undefined : `it is ${status} and ${paid}`,
    ),
  );
  await step(terminal, limits, 'the invoice came, as a PDF', () => readInvoice(buyer, limits, order.id));
  // Out of the shop again; in a tenant that stays, nobody else should buy it.
  await step(terminal, limits, 'took the product off sale', () =>
    expectOk(shop.staff, limits, { method: 'DELETE', path: `/products/${product.id}` }, Anything),
  );
  return order;
}

async function register({ url }: SmokeTest, limits: Limits, tenant: string): Promise<Api> {
  const signal = limits.deadline;
  const login = { email: `buyer-${randomBytes(6).toString('hex')}@example.com`, password: newPassword() };
  const nobody = createApi({ url, tenant, credentials: { kind: 'none' }, signal });
  const json = { ...login, first_name: 'Smoke', last_name: 'Test' };
  await expectOk(nobody, limits, { method: 'POST', path: '/users/register', json }, Anything);
  return createApi({ url, tenant, credentials: { kind: 'password', ...login }, signal });
}

async function readInvoice(buyer: Api, limits: Limits, orderId: string): Promise<void> {
  const { data } = await waitUntil(
    limits,
    () => expectOk(buyer, limits, { method: 'GET', path: `/invoices?order_id=${orderId}` }, Invoices),
    ({ data: found }) => (found.length > 0 ? undefined : 'there is none yet'),
  );
  const pdf = z.string().startsWith('%PDF-');
  await expectOk(buyer, limits, { method: 'GET', path: `/invoices/${data[0]?.id}/pdf` }, pdf);
}

function newPassword(): string {
  return randomBytes(24).toString('base64url');
}
