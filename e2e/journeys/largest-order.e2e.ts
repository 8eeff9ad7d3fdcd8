import { randomUUID } from 'node:crypto';
import { RESERVATION_LINES_MAX } from '@zoco/contracts';
import { expect, inject, test } from 'vitest';
import { z } from 'zod';
import { createApi } from '../src/api.ts';
import { createShop, order } from '../src/shop.ts';

const api = createApi(inject('gatewayUrl'));
const shop = createShop(api, 'acme');

test('an order of as many lines as one may have is placed, confirmed, invoiced and printed; of one more it is refused', async () => {
  const token = await api.demo('acme', 'staff');
  const run = randomUUID().slice(0, 8);
  const rows = Array.from({ length: RESERVATION_LINES_MAX + 1 }, (_, index) => ({
    sku: `${run}-${index}`,
    // As long as the names of a wholesaler get.
    name: `PACK OF TWELVE COLOURED PENCILS ${index}`.padEnd(60, '.'),
    price_cents: 100 + index,
    stock: 10,
  }));
  const imported = z.object({ created: z.number() });
  const answer = await api.expect(200, imported, 'POST', '/products/import', {
    token,
    raw: rows.map((row) => JSON.stringify(row)).join('\n'),
    headers: { 'content-type': 'application/x-ndjson' },
  });
  expect(answer.created).toBe(rows.length);
  const ids = await idsOf(token, run);
  expect(ids).toHaveLength(rows.length);

  const customer = await api.expect(201, z.object({ id: z.string() }), 'POST', '/customers', {
    token,
    body: { name: 'ACME Corporation', email: `${run}@acme.example`, phone: '+34 911 000 000' },
  });
  const place = (productIds: readonly string[]) =>
    api.request('POST', '/orders', {
      token,
      idempotent: true,
      body: {
        customer_id: customer.id,
        payment_method: 'on_account',
        items: productIds.map((id) => ({ product_id: id, quantity: 7 })),
      },
    });
  const tooMany = await place(ids);
  expect(tooMany).toMatchObject({ status: 422, body: { code: 'request_invalid' } });

  const placed = await place(ids.slice(1));
  expect(placed.status, JSON.stringify(placed.body).slice(0, 500)).toBe(201);
  const { id, items, total_cents: total } = order.parse(placed.body);
  expect(items).toHaveLength(RESERVATION_LINES_MAX);
  await api.expect(200, order, 'POST', `/orders/${id}/confirm`, { token, idempotent: true });
  const [invoice] = await shop.invoicesOf(token, id, 1);
  expect(invoice?.total_cents).toBe(total);
  const pdf = await fetch(`${inject('gatewayUrl')}/api/v1/invoices/${invoice?.id}/pdf`, {
    headers: { authorization: `Bearer ${token}` },
  });
  expect([pdf.status, pdf.headers.get('content-type')]).toEqual([200, 'application/pdf']);
});

async function idsOf(token: string, run: string): Promise<string[]> {
  const page = z.object({
    data: z.array(z.object({ id: z.string(), sku: z.string() })),
    next_cursor: z.string().nullable(),
  });
  const ids: string[] = [];
  for (let cursor: string | null = ''; cursor !== null;) {
    const after: string = cursor === '' ? '' : `&cursor=${encodeURIComponent(cursor)}`;
    const found = await api.expect(200, page, 'GET', `/products?limit=100${after}`, { token });
    ids.push(...found.data.filter(({ sku }) => sku.startsWith(run)).map(({ id }) => id));
    cursor = found.next_cursor;
  }
  return ids;
}
