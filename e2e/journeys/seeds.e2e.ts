import { randomUUID } from 'node:crypto';
import { eventually } from '@zoco/testing';
import { describe, expect, inject, test } from 'vitest';
import { z } from 'zod';
import { createApi } from '../src/api.ts';
import { ADDRESS, createShop, order, product } from '../src/shop.ts';

/** The flows of the five systems that Zoco replaces, each from its first request to its last. */
const api = createApi(inject('gatewayUrl'));
const anything = z.object({});
const page = z.object({ data: z.array(z.object({ id: z.string() })) });

describe('the bookstore', () => {
  const tenant = 'libros';

  test('users: register, login, profile with preferences, favorites, wishlist', async () => {
    const email = `lector-${randomUUID()}@example.com`;
    await api.register(tenant, email);
    const token = await api.login(tenant, email);
    const preferences = { categories: ['fiction'], language: 'es' };
    await api.expect(200, anything, 'PATCH', '/users/profile', { token, body: { preferences } });
    const profile = await api.request('GET', '/users/profile', { token });
    expect(profile).toMatchObject({ status: 200, body: { email, preferences } });
    const { id } = await createShop(api, tenant).addProduct();
    expect([200, 201, 204]).toContain((await api.request('PUT', `/users/favorites/${id}`, { token })).status);
    const wish = await api.request('PUT', `/users/wishlist/${id}`, { token, body: { priority: 5 } });
    expect([200, 201, 204]).toContain(wish.status);
    expect(await api.request('GET', '/users/favorites', { token })).toMatchObject({
      body: { data: [{ product_id: id }] },
    });
    expect(await api.request('GET', '/users/wishlist', { token })).toMatchObject({
      body: { data: [{ product_id: id, priority: 5 }] },
    });
  });

  test('books: create, list, search, categories, recommendations', async () => {
    const token = await api.demo(tenant, 'staff');
    const title = `Clean Code ${randomUUID().slice(0, 8)}`;
    const book = {
      title,
      author: 'Robert Martin',
      editorial: 'Prentice Hall',
      category: 'Programming',
      price_cents: 4999,
      stock_quantity: 50,
      publication_year: 2008,
      language: 'en',
      pages: 464,
      rating: 4.7,
    };
    const created = await api.expect(
      201,
      z.object({ book_id: z.string(), title: z.string() }),
      'POST',
      '/books',
      { token, body: book },
    );
    expect(created.title).toBe(title);
    expect(await api.request('GET', `/books/${created.book_id}`, { tenant })).toMatchObject({
      status: 200,
      body: book,
    });
    const listed = await api.request('GET', '/books?category=Programming&limit=5', { tenant });
    expect(listed.status).toBe(200);
    const found = await api.request(
      'GET',
      `/books/search?q=${encodeURIComponent(title)}&tenant_id=${tenant}`,
    );
    expect(found).toMatchObject({ status: 200, body: { data: [{ book_id: created.book_id }] } });
    expect((await api.request('GET', '/books/categories', { tenant })).status).toBe(200);
    const reader = await api.register(tenant);
    const recommended = await api.request('GET', `/books/recommendations/${reader.userId}`, {
      token: reader.token,
    });
    expect(recommended.status).toBe(200);
  });

  test('purchases: cart/add, checkout, history, summary', async () => {
    const shop = createShop(api, tenant);
    const book = await shop.addProduct({ category: 'fiction' });
    const { token } = await api.register(tenant);
    const added = await api.request('POST', '/cart/add', { token, body: { book_id: book.id, quantity: 1 } });
    expect(added.status).toBe(200);
    const body = { payment_method: 'card', payment_token: 'pm_card_visa', shipping_address: ADDRESS };
    const placed = await api.expect(201, order, 'POST', '/purchases/checkout', {
      token,
      body,
      idempotent: true,
    });
    await shop.orderBecomes(token, placed.id, 'confirmed', 'paid');
    expect(await api.request('GET', '/purchases', { token })).toMatchObject({
      body: { data: [{ id: placed.id }] },
    });
    const summary = await api.request('GET', '/purchases/analytics/summary', { token });
    expect(summary.status).toBe(200);
    expect(JSON.stringify(summary.body)).toContain(String(placed.total_cents));
  });
});

test('order management: users, orders with history, payments, states pending to delivered', async () => {
  const shop = createShop(api, 'acme');
  const staff = await api.demo('acme', 'staff');
  const item = await shop.addProduct({ name: 'Laptop Dell Inspiron', price_cents: 350_000 });
  const buyer = await api.register('acme');
  const admin = await api.demo('acme', 'admin');
  expect((await api.request('GET', '/users?search=buyer', { token: admin })).status).toBe(200);
  const body = {
    items: [{ product_id: item.id, quantity: 1 }],
    payment_method: 'card',
    shipping_address: ADDRESS,
  };
  const placed = await api.expect(201, order, 'POST', '/orders', {
    token: buyer.token,
    body,
    idempotent: true,
  });
  expect(placed.status).toBe('created');
  const payment = { order_id: placed.id, payment_method: 'card', payment_token: 'pm_card_visa' };
  await eventually(async () => {
    const answer = await api.request('POST', '/payments', {
      token: buyer.token,
      body: payment,
      idempotent: true,
    });
    expect(answer.status).toBe(201);
  });
  await shop.orderBecomes(buyer.token, placed.id, 'confirmed', 'paid');
  await api.expect(200, order, 'POST', `/orders/${placed.id}/ship`, {
    token: staff,
    body: { carrier: 'DHL', tracking: 'X1' },
  });
  const delivered = await api.expect(200, order, 'POST', `/orders/${placed.id}/deliver`, { token: staff });
  expect(delivered.status).toBe('delivered');
  const history = await api.request('GET', `/orders/${placed.id}/history`, { token: buyer.token });
  expect(JSON.stringify(history.body)).toContain('delivered');
  const payments = await api.expect(200, page, 'GET', `/payments?order_id=${placed.id}`, {
    token: buyer.token,
  });
  const refund = { amount_cents: 1000, reason: 'goodwill' };
  const refunded = await api.request('POST', `/payments/${payments.data[0]?.id}/refunds`, {
    token: staff,
    body: refund,
    idempotent: true,
  });
  expect(refunded.status).toBe(201);
  await shop.orderBecomes(buyer.token, placed.id, 'delivered', 'partially_refunded');
});

describe('B2B orders', () => {
  const customer = z.object({ id: z.string(), name: z.string() });

  async function newCustomer(token: string) {
    const body = {
      name: 'Tech Solutions Inc',
      email: `contact-${randomUUID()}@techsolutions.example`,
      phone: '+1-555-0200',
    };
    return api.expect(201, customer, 'POST', '/customers', { token, body });
  }

  test('customers: create, search, replace, delete', async () => {
    const token = await api.demo('acme', 'staff');
    const { id } = await newCustomer(token);
    expect((await api.request('GET', '/customers?search=Tech&limit=20', { token })).status).toBe(200);
    const body = {
      name: 'Tech Solutions LLC',
      email: `new-${randomUUID()}@techsolutions.example`,
      phone: '+1-555-0201',
    };
    expect(await api.request('PUT', `/customers/${id}`, { token, body })).toMatchObject({
      status: 200,
      body,
    });
    expect([200, 204]).toContain((await api.request('DELETE', `/customers/${id}`, { token })).status);
    expect((await api.request('GET', `/customers/${id}`, { token })).status).toBe(404);
  });

  test('create, confirm once with a key, cancel within the window: stock comes back, a credit note is issued', async () => {
    const token = await api.demo('acme', 'staff');
    const shop = createShop(api, 'acme');
    const { id: customerId } = await newCustomer(token);
    const laptop = await shop.addProduct({ name: 'Dell Latitude 7430', price_cents: 159_900, stock: 15 });
    const body = {
      customer_id: customerId,
      items: [{ product_id: laptop.id, quantity: 2 }],
      payment_method: 'on_account',
    };
    const placed = await api.expect(201, order, 'POST', '/orders', { token, body, idempotent: true });
    const headers = { 'x-idempotency-key': `confirm-${placed.id}` };
    const confirmed = await api.expect(200, order, 'POST', `/orders/${placed.id}/confirm`, {
      token,
      headers,
    });
    const again = await api.request('POST', `/orders/${placed.id}/confirm`, { token, headers });
    expect([confirmed.status, again.status, again.headers.get('idempotency-replayed')]).toEqual([
      'confirmed',
      200,
      'true',
    ]);
    await shop.invoicesOf(token, placed.id, 1);
    await api.expect(200, order, 'POST', `/orders/${placed.id}/cancel`, { token, idempotent: true });
    await eventually(async () => expect((await shop.getOrder(token, placed.id)).status).toBe('canceled'));
    await eventually(async () => expect((await shop.getProduct(laptop.id)).stock).toBe(15));
    await shop.invoicesOf(token, placed.id, 2);
    const listed = await api.expect(
      200,
      page,
      'GET',
      `/orders?status=canceled&from=2020-01-01&customer_id=${customerId}&limit=10`,
      { token },
    );
    expect(listed.data.map(({ id }) => id)).toEqual([placed.id]);
  });

  test('the orchestrator creates and confirms in one call that can be repeated', async () => {
    const token = await api.demo('acme', 'staff');
    const shop = createShop(api, 'acme');
    const { id: customerId } = await newCustomer(token);
    const item = await shop.addProduct({ price_cents: 129_900, stock: 5 });
    const body = {
      customer_id: customerId,
      items: [{ product_id: item.id, qty: 3 }],
      idempotency_key: `order-2024-${randomUUID()}`,
      correlation_id: 'req-12345',
    };
    const path = '/orchestrator/create-and-confirm-order';
    const answer = z.object({
      success: z.literal(true),
      correlation_id: z.literal('req-12345'),
      data: z.object({ customer, order }),
    });
    const first = await api.expect(201, answer, 'POST', path, { token, body });
    const again = await api.expect(201, answer, 'POST', path, { token, body });
    expect(first.data.order).toMatchObject({ status: 'confirmed' });
    expect(again.data.order.id).toBe(first.data.order.id);
    await eventually(async () => expect((await shop.getProduct(item.id)).stock).toBe(2));
  });
});

test('product management: list, get, create, replace, delete; nobody else may write', async () => {
  const token = await api.demo('acme', 'staff');
  const body = {
    sku: `pm-${randomUUID()}`,
    name: 'Desk lamp',
    description: 'LED',
    price_cents: 4500,
    stock: 3,
  };
  const anonymous = await api.request('POST', '/products', { tenant: 'acme', body });
  expect(anonymous.status).toBe(401);
  const { id } = await api.expect(201, product, 'POST', '/products', { token, body });
  expect((await api.request('GET', '/products', { tenant: 'acme' })).status).toBe(200);
  await api.expect(200, product, 'GET', `/products/${id}`, { tenant: 'acme' });
  const replaced = await api.expect(200, product, 'PUT', `/products/${id}`, {
    token,
    body: { ...body, price_cents: 4000 },
  });
  expect(replaced.price_cents).toBe(4000);
  expect([200, 204]).toContain((await api.request('DELETE', `/products/${id}`, { token })).status);
  expect((await api.request('GET', `/products/${id}`, { token })).status).toBe(404);
});

test('e-commerce: register, validate, cart, checkout, payment state, cancel payment, bill', async () => {
  const shop = createShop(api, 'libros');
  const { token } = await api.register('libros');
  expect((await api.request('GET', '/users/validate', { token })).status).toBe(200);
  const item = await shop.addProduct();
  expect(
    (await api.request('POST', '/cart', { token, body: { product_id: item.id, quantity: 1 } })).status,
  ).toBe(200);
  expect(await api.request('GET', '/cart', { token })).toMatchObject({ status: 200 });
  const body = { payment_method: 'card', shipping_address: ADDRESS };
  const unpaid = await api.expect(201, order, 'POST', '/cart/checkout', { token, body, idempotent: true });
  const payment = await eventually(async () => {
    const { data } = await api.expect(200, page, 'GET', `/payments?order_id=${unpaid.id}`, { token });
    const [found] = data;
    if (found === undefined) throw new Error('no payment yet');
    return found;
  });
  expect((await api.request('GET', `/payments/${payment.id}`, { token })).status).toBe(200);
  await eventually(async () => {
    const canceled = await api.request('POST', `/payments/${payment.id}/cancel`, { token, idempotent: true });
    expect(canceled.status).toBe(200);
  });
  const paid = await shop.checkout(token, item.id, 1);
  await shop.orderBecomes(token, paid.id, 'confirmed', 'paid');
  await shop.invoicesOf(token, paid.id, 1);
  const bill = await api.request('POST', '/bill/generate', {
    token,
    body: { order_id: paid.id },
    idempotent: true,
  });
  expect([200, 201]).toContain(bill.status);
});
