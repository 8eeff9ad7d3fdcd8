import { Problem } from '@zoco/kernel';
import type { Stripe } from 'stripe';
import { z } from 'zod';
import { isTimely } from './rules/webhook.ts';

/** What of an event is used: whose it is and what it may be about. Nothing of it is believed. */
export interface StripeEvent {
  readonly id: string;
  readonly type: string;
  readonly created: Date;
  readonly livemode: boolean;
  readonly intentId: string;
  readonly metadata: Readonly<Record<string, string>>;
  /** Refund of ours that it is about, and the status it speaks of. */
  readonly refund: { readonly id: string; readonly status: string } | null;
}

const TOLERANCE_SECONDS = 300;

const metadata = z.record(z.string(), z.string()).nullish();
const eventSchema = z.object({
  id: z.string().min(1).max(255),
  type: z.string().min(1).max(255),
  created: z.int(),
  livemode: z.boolean(),
  data: z.object({
    object: z.object({
      object: z.string(),
      id: z.string(),
      payment_intent: z.string().nullish(),
      status: z.string().nullish(),
      metadata,
    }),
  }),
});

/**
 * The event, when Stripe signed these very bytes with one of the secrets, within five minutes of now.
 * @throws Problem `webhook_signature_invalid` without saying why
 */
export function verifyEvent(
  stripe: Stripe,
  bytes: Uint8Array,
  signature: string | undefined,
  secrets: readonly string[],
  now: Date,
): StripeEvent | undefined {
  const nowSeconds = Math.floor(now.getTime() / 1000);
  if (signature !== undefined && isTimely(signature, nowSeconds, TOLERANCE_SECONDS)) {
    for (const secret of secrets) {
      try {
        const event = stripe.webhooks.constructEvent(
          Buffer.from(bytes),
          signature,
          secret,
          TOLERANCE_SECONDS,
        );
        return parseEvent(event);
      } catch {
        // The next secret may fit.
      }
    }
  }
  throw new Problem('malformed', 'webhook_signature_invalid', 'The signature is not valid.');
}

/** What we use of an event; undefined for one about something that we have no part in. */
export function parseEvent(event: unknown): StripeEvent | undefined {
  const parsed = eventSchema.safeParse(event);
  if (!parsed.success) return undefined;
  const { id, type, created, livemode, data } = parsed.data;
  const { object } = data;
  const intentId = object.object === 'payment_intent' ? object.id : object.payment_intent;
  if (intentId === undefined || intentId === null) return undefined;
  const refundId = object.object === 'refund' ? object.metadata?.['refund_id'] : undefined;
  return {
    id,
    type,
    created: new Date(created * 1000),
    livemode,
    intentId,
    metadata: object.metadata ?? {},
    refund: refundId === undefined ? null : { id: refundId, status: object.status ?? '' },
  };
}
