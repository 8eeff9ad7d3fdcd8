import { z } from '@hono/zod-openapi';
import { createRouter, defineRoute, open, readBytes, refuseEncoding } from '@zoco/service';
import { receiveStripeEvent } from '../actions/receive-stripe-event.ts';
import type { RouteDeps } from '../app.ts';
import { webhookEvents } from '../metrics.ts';
import { verifyEvent } from '../stripe-event.ts';

const BYTES_MAX = 256 * 1024;

const webhook = defineRoute({
  method: 'post',
  path: '/api/v1/payments/webhooks/stripe',
  access: open,
  summary: 'Take an event from Stripe',
  description:
    'For Stripe alone: the body must carry its signature (`Stripe-Signature`), not older and not newer than five minutes. At most 256 KiB. An event that was taken before is answered the same.',
  tags: ['webhooks'],
  request: { headers: z.object({ 'stripe-signature': z.string().optional() }) },
  responses: {
    200: {
      description: 'Taken, or of no interest.',
      content: { 'application/json': { schema: z.object({ received: z.literal(true) }) } },
    },
    400: { description: 'The signature is not valid.' },
    413: { description: 'The body is too large.' },
  },
});

export function webhookRoutes({ payments, work, stripe, config }: RouteDeps) {
  const router = createRouter();
  const { STRIPE_WEBHOOK_SECRET: current, STRIPE_WEBHOOK_SECRET_PREVIOUS: previous } = config;
  const secrets = previous === undefined ? [current] : [current, previous];
  const isLive = config.STRIPE_SECRET_KEY.includes('_live_');
  const verified = (bytes: Uint8Array, signature: string | undefined) => {
    try {
      return verifyEvent(stripe, bytes, signature, secrets, new Date());
    } catch (error) {
      webhookEvents.inc({ outcome: 'unsigned' });
      throw error;
    }
  };
  router.openapi(webhook, async (c) => {
    refuseEncoding(c.req);
    // The signature is over the very bytes: nothing may parse them before.
    const bytes = await readBytes(c.req.raw, BYTES_MAX);
    const event = verified(bytes, c.req.header('stripe-signature'));
    if (event === undefined) webhookEvents.inc({ outcome: 'foreign' });
    else if (event.livemode === isLive) await receiveStripeEvent(payments, work, event);
    else webhookEvents.inc({ outcome: 'wrong_mode' });
    return c.json({ received: true as const }, 200);
  });
  return router;
}
