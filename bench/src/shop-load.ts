import { randomUUID } from 'node:crypto';
import { connectNats } from '@zoco/events';
import type { RunningSystem } from '@zoco/local';
import { Agent, request } from 'undici';
import { z } from 'zod';

export const TENANT = 'libros';
const PASSWORD = 'demo-zoco-2026';
const ADDRESS = { line1: 'Calle Mayor 1', city: 'Madrid', postal_code: '28013', country: 'ES' };
const PRODUCTS = 200;

const session = z.object({ access_token: z.string() });
const thing = z.object({ id: z.string() });
const issued = z.object({ data: z.object({ order_id: z.string() }) });

export type Send = (method: 'GET' | 'POST', url: string, token?: string, body?: unknown) => Promise<unknown>;

/** Requests as a shop's clients send them, over connections that stay. @throws Error for an answer of 400 or more */
export function createSender(connections: number): AsyncDisposable & { readonly send: Send } {
  const dispatcher = new Agent({ connections, pipelining: 1 });
  return {
    async send(method, url, token, body) {
      const answer = await request(url, {
        method,
        dispatcher,
        headers: {
          ...(token === undefined ? { 'x-tenant': TENANT } : { authorization: `Bearer ${token}` }),
          ...(body === undefined
            ? {}
            : { 'content-type': 'application/json', 'idempotency-key': randomUUID() }),
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
      const parsed: unknown = await answer.body.json();
      if (answer.statusCode >= 400)
        throw new Error(`${method} ${url}: ${answer.statusCode} ${JSON.stringify(parsed)}`);
      return parsed;
    },
    [Symbol.asyncDispose]: () => dispatcher.close(),
  };
}

/** A shop with products and a buyer for each client. */
export interface ShopLoad {
  readonly api: string;
  readonly buyers: readonly string[];
  /** Id of some product. */
  readonly pick: () => string;
  emptyCarts(): Promise<void>;
}

export async function createShopLoad(system: RunningSystem, send: Send, clients: number): Promise<ShopLoad> {
  const api = `${system.urls.gateway}/api/v1`;
  const login = { email: `staff@${TENANT}.example`, password: PASSWORD };
  const staff = session.parse(await send('POST', `${api}/users/login`, undefined, login));
  const products: string[] = [];
  for (let n = 0; n < PRODUCTS; n += 1) {
    const sku = `bench-${n}-${randomUUID()}`;
    const body = { sku, name: `Benchmark ${n}`, price_cents: 1299, stock: 1_000_000 };
    products.push(thing.parse(await send('POST', `${api}/products`, staff.access_token, body)).id);
  }
  const buyers: string[] = [];
  for (let n = 0; n < clients; n += 1) {
    const email = `bench-${randomUUID()}@example.com`;
    const body = { email, password: PASSWORD, first_name: 'Ben', last_name: 'Chmark' };
    buyers.push(session.parse(await send('POST', `${api}/users/register`, undefined, body)).access_token);
  }
  return {
    api,
    buyers,
    pick: () => products[Math.floor(Math.random() * products.length)] ?? '',
    async emptyCarts() {
      for (const token of buyers)
        await request(`${api}/cart`, { method: 'DELETE', headers: { authorization: `Bearer ${token}` } });
    },
  };
}

/** Checks out, again and again, and waits for each invoice. */
export interface Checkouts extends AsyncDisposable {
  readonly checkOut: (client: number) => Promise<void>;
}

export async function openCheckouts(system: RunningSystem, send: Send, shop: ShopLoad): Promise<Checkouts> {
  const invoiced = new Map<string, () => void>();
  const early = new Set<string>();
  const nc = await connectNats({ url: system.natsUrl, name: 'bench' });
  nc.subscribe('zoco.invoicing.invoice.issued.*', {
    callback: (_error, message) => {
      const { order_id: id } = issued.parse(message.json()).data;
      const resolve = invoiced.get(id);
      if (resolve === undefined) early.add(id);
      else resolve();
    },
  });
  return {
    async checkOut(client) {
      const token = shop.buyers[client];
      await send('POST', `${shop.api}/cart/items`, token, { product_id: shop.pick(), quantity: 1 });
      const body = { payment_method: 'card', payment_token: 'pm_card_visa', shipping_address: ADDRESS };
      const { id } = thing.parse(await send('POST', `${shop.api}/cart/checkout`, token, body));
      if (early.delete(id)) return;
      await new Promise<void>((resolve) => invoiced.set(id, resolve));
      invoiced.delete(id);
    },
    [Symbol.asyncDispose]: () => nc.close(),
  };
}
