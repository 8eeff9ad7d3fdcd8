import { z } from 'zod';
import { type Api, type ApiAnswer, describe, sendUntil } from '../api.ts';
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

/** A key belongs to an invoice number for ever: another run asks for nothing new. But every login has keys of its own. */
const keyOf = (step: string, invoice: string) => `online-retail-${step}-${invoice}`;

const placedOrder = refundableOrder.extend({ status: z.string(), confirmed_at: z.string().nullable() });
type PlacedOrder = z.output<typeof placedOrder>;

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
    json: {
      customer_id: shop.customerIds.get(sale.customer),
      // What another login finds the order by.
      reference: sale.invoice,
      items,
      payment_method: 'on_account',
    },
  });
  const order = await orderOf(api, created);
  if (order === undefined) return refused('the order was refused', created);
  if (order.status === 'pending') return broken('another run has not finished placing the order');
  if (order.confirmed_at !== null) return { kind: 'confirmed', isNew: false, order };
  const confirmed = await api.send({
    method: 'POST',
    path: `/orders/${order.id}/confirm`,
    idempotencyKey: keyOf('confirm', sale.invoice),
  });
  // Its answer is forgotten after a day, and another run may have been quicker.
  const isConfirmed =
    confirmed.problem === undefined || typeof (await readOrder(api, order.id))?.confirmed_at === 'string';
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

const payments = z.object({
  data: z.array(
    z.object({ id: z.string(), status: z.string(), refunds: z.array(z.object({ reason: z.string() })) }),
  ),
});

async function refund(
  api: Api,
  order: RefundableOrder,
  { invoice, units }: Reversal,
): Promise<Outcome<'refunded'>> {
  const found = await sendUntil(
    api,
    { method: 'GET', path: `/payments?order_id=${order.id}` },
    ({ body }) => payments.parse(body).data.length > 0,
  );
  if (found.problem !== undefined) return refused('the payment could not be looked up', found);
  const [payment] = payments.parse(found.body).data;
  if (payment === undefined) return broken('the order has no payment yet');
  const reason = `online retail invoice ${invoice}`;
  if (payment.refunds.some((one) => one.reason === reason)) return { kind: 'refunded', isNew: false, order };
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
    json: { amount_cents: refundCents(order, units), reason },
  });
  if (answer.problem !== undefined) return refused('the payment could not be refunded', answer);
  return { kind: 'refunded', isNew: !answer.replayed, order };
}

/** The order of an answer; when its key was used long ago, or by another login, the answer only says where the order is. */
async function orderOf(api: Api, answer: ApiAnswer): Promise<PlacedOrder | undefined> {
  if (answer.problem === undefined) return placedOrder.parse(answer.body);
  const [, id] = /\/orders\/([\w-]+)$/.exec(answer.location ?? '') ?? [];
  return id === undefined ? undefined : readOrder(api, id);
}

/** An order, after what it waits for when another run has just begun to place it. */
async function readOrder(api: Api, id: string): Promise<PlacedOrder | undefined> {
  const known = await sendUntil(
    api,
    { method: 'GET', path: `/orders/${id}` },
    ({ body }) => placedOrder.parse(body).status !== 'pending',
  );
  return known.problem === undefined ? placedOrder.parse(known.body) : undefined;
}

function broken(reason: string): Refused {
  return { kind: 'refused', reason, isBroken: true };
}

function refused(what: string, answer: ApiAnswer): Refused {
  return { kind: 'refused', reason: `${what}: ${describe(answer)}`, isBroken: answer.status >= 500 };
}
