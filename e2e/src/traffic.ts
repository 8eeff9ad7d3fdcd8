import { randomUUID } from 'node:crypto';
import { eventually } from '@zoco/testing';
import { z } from 'zod';
import type { Api } from './api.ts';
import { ADDRESS, createShop, order } from './shop.ts';

const id = z.object({ id: z.string() });

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

/** A sale that ships: a company buys on account and staff sends it off. */
async function sellOnAccount(api: Api): Promise<void> {
  const token = await api.demo('acme', 'staff');
  const product = await createShop(api, 'acme').addProduct({ stock: 20 });
  const customer = await api.expect(201, id, 'POST', '/customers', {
    token,
    body: {
      name: 'Ferretería Sol',
      email: `${randomUUID()}@example.com`,
      phone: '+34910000000',
      billing_address: ADDRESS,
    },
  });
  const body = {
    customer_id: customer.id,
    items: [{ product_id: product.id, quantity: 3 }],
    payment_method: 'on_account',
    shipping_address: ADDRESS,
  };
  const { id: orderId } = await api.expect(201, order, 'POST', '/orders', { token, body, idempotent: true });
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
