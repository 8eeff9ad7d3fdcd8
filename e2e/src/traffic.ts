import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { eventually } from '@zoco/testing';
import { z } from 'zod';
import type { Answer, Api } from './api.ts';
import { ADDRESS, createShop, order } from './shop.ts';

const id = z.object({ id: z.string() });

/** Does something again and again, so many at once, until dispose; what comes of it does not matter. */
export function keep(action: () => Promise<unknown>, atOnce = 1): AsyncDisposable {
  const stop = new AbortController();
  const loop = async () => {
    while (!stop.signal.aborted) {
      await action().catch(() => {});
      await delay(100);
    }
  };
  const running = Promise.all(Array.from({ length: atOnce }, loop));
  return {
    async [Symbol.asyncDispose]() {
      stop.abort();
      await running;
    },
  };
}

/** What happens in shops on an ordinary day, a bit of everything: sales, refusals, refunds, B2B, people who browse. */
export async function makeTraffic(api: Api): Promise<void> {
  const shop = createShop(api, 'libros');
  const product = await shop.addProduct({ stock: 50 });
  const scarce = await shop.addProduct({ stock: 1 });
  const { token, email } = await api.register('libros');
  await Promise.all([
    browse(api, token, product.id),
    api.request('POST', '/users/login', { tenant: 'libros', body: { email, password: 'not-this-one' } }),
    sellOnAccount(api),
  ]);
  const [sold] = await Promise.all([
    shop.checkout(token, product.id, 2),
    decline(api, product.id),
    outOfStock(api, scarce.id),
    replay(api, product.id),
  ]);
  await shop.orderBecomes(token, sold.id, 'confirmed', 'paid');
  await shop.invoicesOf(token, sold.id, 1);
  const canceled = await api.request('POST', `/orders/${sold.id}/cancel`, { token, idempotent: true });
  if (canceled.status >= 300) throw new Error(`cancel: ${canceled.status}`);
  const [first] = await shop.invoicesOf(token, sold.id, 2);
  await api.request('GET', `/invoices/${first?.id}/pdf`, { token });
}

async function browse(api: Api, token: string, productId: string): Promise<void> {
  await api.request('PUT', `/users/favorites/${productId}`, { token });
  for (const path of [
    '/products?limit=20',
    '/products/search?q=quijote',
    `/products/${productId}`,
    '/products/none',
  ]) {
    await api.request('GET', path, { tenant: 'libros' });
    await api.request('GET', path, { tenant: 'libros' });
  }
  const refreshable = await api.expect(200, z.object({ refresh_token: z.string() }), 'POST', '/users/login', {
    tenant: 'libros',
    body: { email: 'buyer@libros.example', password: 'demo-zoco-2026' },
  });
  await api.request('POST', '/users/refresh', { tenant: 'libros', body: refreshable });
}

/** A new company that buys on account from acme, by way of its staff: such orders ask nothing of payments. */
export async function openAccount(api: Api): Promise<(productId: string) => Promise<Answer>> {
  const token = await api.demo('acme', 'staff');
  const customer = await api.expect(201, id, 'POST', '/customers', {
    token,
    body: {
      name: 'Ferretería Sol',
      email: `${randomUUID()}@example.com`,
      phone: '+34910000000',
      billing_address: ADDRESS,
    },
  });
  return (productId) => {
    const body = {
      customer_id: customer.id,
      items: [{ product_id: productId, quantity: 1 }],
      payment_method: 'on_account',
      shipping_address: ADDRESS,
    };
    return api.request('POST', '/orders', { token, body, idempotent: true });
  };
}

/** A sale that ships: a company buys on account and staff sends it off. */
async function sellOnAccount(api: Api): Promise<void> {
  const token = await api.demo('acme', 'staff');
  const product = await createShop(api, 'acme').addProduct({ stock: 20 });
  const { id: orderId } = order.parse((await (await openAccount(api))(product.id)).body);
  for (const step of ['confirm', 'ship', 'deliver']) {
    await eventually(async () => {
      const answer = await api.request('POST', `/orders/${orderId}/${step}`, {
        token,
        body: {},
        idempotent: true,
      });
      if (answer.status >= 300) throw new Error(`${step}: ${answer.status} ${JSON.stringify(answer.body)}`);
    });
  }
}

async function decline(api: Api, productId: string): Promise<void> {
  const { token } = await api.register('libros');
  await createShop(api, 'libros').checkout(token, productId, 1, 'pm_card_chargeDeclined');
}

async function outOfStock(api: Api, productId: string): Promise<void> {
  const { token } = await api.register('libros');
  const body = {
    items: [{ product_id: productId, quantity: 5 }],
    payment_method: 'card',
    shipping_address: ADDRESS,
  };
  await api.request('POST', '/orders', { token, body, idempotent: true });
}

async function replay(api: Api, productId: string): Promise<void> {
  const { token } = await api.register('libros');
  const headers = { 'idempotency-key': randomUUID() };
  const body = {
    items: [{ product_id: productId, quantity: 1 }],
    payment_method: 'card',
    payment_token: 'pm_card_visa',
    shipping_address: ADDRESS,
  };
  await api.request('POST', '/orders', { token, body, headers });
  await api.request('POST', '/orders', { token, body, headers });
}
