import { randomBytes } from 'node:crypto';
import { z } from 'zod';
import type { Api } from './api.ts';
import { ADDRESS, order, type Shop } from './shop.ts';

export interface TracedCheckout {
  readonly traceId: string;
  /** Span of the client, which nobody exports. */
  readonly clientSpanId: string;
  readonly orderId: string;
  readonly userId: string;
}

/** Buys something in a trace that the client has begun; resolves when the order is paid and invoiced. */
export async function checkOutTraced(api: Api, shop: Shop): Promise<TracedCheckout> {
  const product = await shop.addProduct({ stock: 5 });
  const { token, userId } = await api.register('libros');
  await api.expect(200, z.object({}), 'POST', '/cart/items', {
    token,
    body: { product_id: product.id, quantity: 2 },
  });
  const traceId = randomBytes(16).toString('hex');
  const clientSpanId = randomBytes(8).toString('hex');
  const placed = await api.expect(201, order, 'POST', '/cart/checkout', {
    token,
    body: { payment_method: 'card', payment_token: 'pm_card_visa', shipping_address: ADDRESS },
    headers: { traceparent: `00-${traceId}-${clientSpanId}-00` },
    idempotent: true,
  });
  await shop.orderBecomes(token, placed.id, 'confirmed', 'paid');
  await shop.invoicesOf(token, placed.id, 1);
  return { traceId, clientSpanId, orderId: placed.id, userId };
}
