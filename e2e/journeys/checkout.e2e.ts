import { eventually, readPdf } from '@zoco/testing';
import { describe, expect, inject, test } from 'vitest';
import { z } from 'zod';
import { createApi, problem } from '../src/api.ts';
import { ADDRESS, createShop, order } from '../src/shop.ts';

const api = createApi(inject('gatewayUrl'));
const shop = createShop(api, 'libros');

describe('a buyer', () => {
  test('pays by card, gets an invoice, cancels and gets money, stock and a credit note back', async () => {
    const product = await shop.addProduct({ stock: 5 });
    const { token } = await api.register('libros');
    const placed = await shop.checkout(token, product.id, 2);
    expect(placed.total_cents).toBe(2 * product.price_cents + placed.shipping_cents);
    await shop.orderBecomes(token, placed.id, 'confirmed', 'paid');
    await eventually(async () => expect((await shop.getProduct(product.id)).stock).toBe(3));
    const [invoice] = await shop.invoicesOf(token, placed.id, 1);
    expect(invoice?.total_cents).toBe(placed.total_cents);
    const pdf = await fetch(`${inject('gatewayUrl')}/api/v1/invoices/${invoice?.id}/pdf`, {
      headers: { authorization: `Bearer ${token}` },
    });
    expect([pdf.status, pdf.headers.get('content-type')]).toEqual([200, 'application/pdf']);
    expect(
      Buffer.from(await pdf.arrayBuffer())
        .subarray(0, 5)
        .toString(),
    ).toBe('%PDF-');
    await api.expect(200, order, 'POST', `/orders/${placed.id}/cancel`, { token, idempotent: true });
    await shop.orderBecomes(token, placed.id, 'canceled', 'refunded');
    await eventually(async () => expect((await shop.getProduct(product.id)).stock).toBe(5));
    await shop.invoicesOf(token, placed.id, 2);
  });

  test('pays by transfer: told where to with the order, and on the invoice when staff trusts the money to come', async () => {
    const product = await shop.addProduct();
    const { token } = await api.register('libros');
    const staff = await api.demo('libros', 'staff');
    const body = { product_id: product.id, quantity: 1 };
    await api.expect(200, z.object({}), 'POST', '/cart/items', { token, body });
    const placed = await api.expect(201, order, 'POST', '/cart/checkout', {
      token,
      body: { payment_method: 'transfer', shipping_address: ADDRESS },
      idempotent: true,
    });
    const account = {
      holder: 'Libros del Zoco S.L.',
      account_number: 'ES4400000000061234567890',
      bic: 'ZOCOESM0XXX',
      bank_name: 'Banco de Ejemplo',
    };
    expect(placed.transfer_to).toEqual({ ...account, reference: placed.number });
    expect((await shop.getOrder(token, placed.id)).transfer_to).toEqual(placed.transfer_to);
    const confirm = `/orders/${placed.id}/confirm`;
    await api.expect(200, order, 'POST', confirm, { token: staff, idempotent: true });
    const [invoice] = await shop.invoicesOf(token, placed.id, 1);
    const pdf = await fetch(`${inject('gatewayUrl')}/api/v1/invoices/${invoice?.id}/pdf`, {
      headers: { authorization: `Bearer ${token}` },
    });
    const words = readPdf(Buffer.from(await pdf.arrayBuffer())).pages.flatMap((page) =>
      page.map(({ text }) => text),
    );
    expect(words).toEqual(
      expect.arrayContaining([
        'Pendiente de pago',
        'ES44 0000 0000 0612 3456 7890',
        'ZOCOESM0XXX',
        'Concepto',
      ]),
    );
    expect(words[words.indexOf('Concepto') + 1]).toBe(invoice?.number);
    const payments = z.object({ data: z.array(z.object({ id: z.string() })).length(1) });
    const { data } = await api.expect(200, payments, 'GET', `/payments?order_id=${placed.id}`, { token });
    const settle = { token: staff, body: { reference: 'statement 47' } };
    await api.expect(200, z.object({}), 'POST', `/payments/${data[0]?.id}/settle`, settle);
    const paid = await shop.orderBecomes(token, placed.id, 'confirmed', 'paid');
    expect(paid.transfer_to).toBeNull();
  });

  test('is declined, tries again with another card, and pays once', async () => {
    const product = await shop.addProduct();
    const { token } = await api.register('libros');
    const placed = await shop.checkout(token, product.id, 1, 'pm_card_chargeDeclined');
    const payments = z.object({ data: z.array(z.object({ id: z.string(), status: z.string() })) });
    await eventually(async () => {
      const { data } = await api.expect(200, payments, 'GET', `/payments?order_id=${placed.id}`, { token });
      expect(data).toMatchObject([{ status: 'requires_payment_method' }]);
    });
    expect((await shop.getOrder(token, placed.id)).status).toBe('created');
    const body = { order_id: placed.id, payment_method: 'card', payment_token: 'pm_card_visa' };
    await api.expect(201, z.object({}), 'POST', '/payments', { token, body, idempotent: true });
    await shop.orderBecomes(token, placed.id, 'confirmed', 'paid');
    await shop.invoicesOf(token, placed.id, 1);
  });

  test('repeats a checkout with its key and gets the same answer; another body is refused', async () => {
    const product = await shop.addProduct();
    const { token } = await api.register('libros');
    await api.expect(200, z.object({}), 'POST', '/cart/items', {
      token,
      body: { product_id: product.id, quantity: 1 },
    });
    const headers = { 'idempotency-key': `checkout-${product.id}` };
    const body = { payment_method: 'card', payment_token: 'pm_card_visa', shipping_address: ADDRESS };
    const first = await api.request('POST', '/cart/checkout', { token, body, headers });
    const again = await api.request('POST', '/cart/checkout', { token, body, headers });
    expect([first.status, again.status]).toEqual([201, 201]);
    expect(order.parse(again.body).id).toBe(order.parse(first.body).id);
    expect(again.headers.get('idempotency-replayed')).toBe('true');
    const other = await api.request('POST', '/cart/checkout', {
      token,
      body: { ...body, payment_method: 'transfer', payment_token: undefined },
      headers,
    });
    expect([other.status]).toEqual([422]);
    const missing = await api.request('POST', '/cart/checkout', { token, body });
    expect([missing.status, problem.parse(missing.body).code]).toEqual([400, 'idempotency_key_required']);
  });
});

test('8 buyers and the last 5 units: 5 orders, 3 clear refusals, nothing reserved after', async () => {
  const product = await shop.addProduct({ stock: 5 });
  const buyers = await Promise.all(Array.from({ length: 8 }, () => api.register('libros')));
  for (const { token } of buyers) {
    await api.expect(200, z.object({}), 'POST', '/cart/items', {
      token,
      body: { product_id: product.id, quantity: 1 },
    });
  }
  const body = { payment_method: 'card', payment_token: 'pm_card_visa', shipping_address: ADDRESS };
  const answers = await Promise.all(
    buyers.map(({ token }) => api.request('POST', '/cart/checkout', { token, body, idempotent: true })),
  );
  const refusals = answers
    .filter(({ status }) => status === 409)
    .map((answer) => problem.parse(answer.body).code);
  expect(answers.filter(({ status }) => status === 201)).toHaveLength(5);
  expect(refusals).toEqual(['stock_insufficient', 'stock_insufficient', 'stock_insufficient']);
  await eventually(async () => {
    expect(await shop.getProduct(product.id)).toMatchObject({
      stock: 0,
      stock_on_hand: 0,
      stock_reserved: 0,
    });
  });
});
