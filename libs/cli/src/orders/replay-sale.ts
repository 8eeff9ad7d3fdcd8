import { z } from 'zod';
import { type Api, type ApiAnswer, describe } from '../api.ts';
import type { Shop } from './prepare-shop.ts';
import { type RefundableOrder, refundableOrder, refundCents } from './refund-amount.ts';
import type { Reversal, Sale } from './retail-plan.ts';

/** What became of one invoice. */
export type Outcome<T extends string> =
  | { readonly kind: T; readonly isNew: boolean; readonly order: RefundableOrder }
  | Refused;

export interface Refused {
  readonly kind: 'refused';
  readonly reason: string;
  /** The API failed instead of saying no. */
  readonly isBroken: boolean;
}

/** A key belongs to an invoice number for ever: another run asks for nothing new. */
const keyOf = (step: string, invoice: string) => `online-retail-${step}-${invoice}`;

const KEY_EXPIRED = 'idempotency_key_expired';

/** An invoice as an order of its customer, confirmed on account. */
export async function replaySale(api: Api, shop: Shop, sale: Sale): Promise<Outcome<'confirmed'>> {
  const items = [...sale.units].map(([sku, quantity]) => ({
    product_id: shop.productIds.get(sku),
    quantity,
  }));
  const created = await api.send({
    method: 'POST',
    path: '/orders',
    idempotencyKey: keyOf('order', sale.invoice),
    json: { customer_id: shop.customerIds.get(sale.customer), items, payment_method: 'on_account' },
  });
  const order = await orderOf(api, created);
  if (order === undefined) return refused('the order was refused', created);
  const confirmed = await api.send({
    method: 'POST',
    path: `/orders/${order.id}/confirm`,
    idempotencyKey: keyOf('confirm', sale.invoice),
  });
  // Its answer is forgotten after a day; that there was one says that the order was confirmed then.
  const isConfirmed = confirmed.problem === undefined || confirmed.problem.code === KEY_EXPIRED;
  if (!isConfirmed) return refused('the order could not be confirmed', confirmed);
  return { kind: 'confirmed', isNew: !created.replayed && created.status < 300, order };
}

/** A cancellation as the cancellation of the whole order, or as a refund of what it takes back. */
export function replayReversal(
  api: Api,
  order: RefundableOrder,
  reversal: Reversal,
): Promise<Outcome<'canceled' | 'refunded'>> {
  return reversal.whole ? cancel(api, order, reversal) : refund(api, order, reversal);
}

async function cancel(api: Api, order: RefundableOrder, { invoice }: Reversal): Promise<Outcome<'canceled'>> {
  const known = await api.send({ method: 'GET', path: `/orders/${order.id}` });
  if (wasCanceled.safeParse(known.body).success) return { kind: 'canceled', isNew: false, order };
  const answer = await api.send({
    method: 'POST',
    path: `/orders/${order.id}/cancel`,
    idempotencyKey: keyOf('cancel', invoice),
  });
  if (answer.problem !== undefined) return refused('the order could not be canceled', answer);
  return { kind: 'canceled', isNew: !answer.replayed, order };
}

const wasCanceled = z.object({ status: z.enum(['canceled', 'cancel_pending']) });

const payments = z.object({ data: z.array(z.object({ id: z.string(), status: z.string() })) });

async function refund(
  api: Api,
  order: RefundableOrder,
  { invoice, units }: Reversal,
): Promise<Outcome<'refunded'>> {
  const found = await api.send({ method: 'GET', path: `/payments?order_id=${order.id}` });
  const [payment] = found.problem === undefined ? payments.parse(found.body).data : [];
  if (payment === undefined) return refused('the order has no payment', found);
  if (payment.status === 'pending') {
    // Money can only go back that has come in: an account is settled before part of it is refunded.
    const settled = await api.send({
      method: 'POST',
      path: `/payments/${payment.id}/settle`,
      idempotencyKey: keyOf('settle', invoice),
    });
    if (settled.problem !== undefined) return refused('the payment could not be settled', settled);
  }
  const answer = await api.send({
    method: 'POST',
    path: `/payments/${payment.id}/refunds`,
    idempotencyKey: keyOf('refund', invoice),
    json: { amount_cents: refundCents(order, units), reason: `online retail invoice ${invoice}` },
  });
  if (answer.problem !== undefined) return refused('the payment could not be refunded', answer);
  return { kind: 'refunded', isNew: !answer.replayed, order };
}

/** The order of an answer; when its key was used long ago the answer only says where the order is. */
async function orderOf(api: Api, answer: ApiAnswer): Promise<RefundableOrder | undefined> {
  if (answer.problem === undefined) return refundableOrder.parse(answer.body);
  const [, id] = /\/orders\/([\w-]+)$/.exec(answer.location ?? '') ?? [];
  if (id === undefined) return undefined;
  const known = await api.send({ method: 'GET', path: `/orders/${id}` });
  return known.problem === undefined ? refundableOrder.parse(known.body) : undefined;
}

function refused(what: string, answer: ApiAnswer): Refused {
  return { kind: 'refused', reason: `${what}: ${describe(answer)}`, isBroken: answer.status >= 500 };
}
