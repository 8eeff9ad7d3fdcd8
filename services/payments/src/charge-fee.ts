import type { Stripe } from 'stripe';
import { fromStripeAmount } from './rules/stripe-amount.ts';

/** What Stripe kept of one charge. */
export interface ChargeFee {
  readonly transactionId: string;
  readonly tenant: string;
  readonly orderId: string;
  readonly intentId: string;
  readonly currency: string;
  readonly feeCents: number;
}

/** The fee of a balance transaction; undefined when it is none of this installation's charges, or free. */
export function chargeFeeOf(
  transaction: Stripe.BalanceTransaction,
  environment: string,
): ChargeFee | undefined {
  const { source } = transaction;
  if (source === null || typeof source === 'string' || source.object !== 'charge') return undefined;
  const { tenant, order_id: orderId, env } = source.metadata;
  const intentId =
    typeof source.payment_intent === 'string' ? source.payment_intent : source.payment_intent?.id;
  const currency = transaction.currency.toUpperCase();
  const feeCents = fromStripeAmount(transaction.fee, currency);
  if (tenant === undefined || orderId === undefined || intentId === undefined || env !== environment) {
    return undefined;
  }
  if (feeCents === null || feeCents === 0 || source.currency.toUpperCase() !== currency) return undefined;
  return { transactionId: transaction.id, tenant, orderId, intentId, currency, feeCents };
}
