import { type Context, Hono } from 'hono';
import { z } from 'zod';
import { type Faults, faultInput } from './faults.ts';
import { moneyJournal } from './money-journal.ts';
import { authenticateIntent } from './payment-intents.ts';
import { finishRefund } from './refunds.ts';
import { StripeFault } from './stripe-fault.ts';
import type { Webhooks } from './webhooks.ts';
import type { World } from './world.ts';

const authentication = z.strictObject({ outcome: z.enum(['complete', 'fail']) });
const refundEnd = z.strictObject({ status: z.enum(['succeeded', 'failed']) });

/** Routes that Stripe does not have: faults, the journal, and what cardholders and banks do. */
export function createControl(world: World, faults: Faults, webhooks: Webhooks): Hono {
  const app = new Hono().basePath('/sandbox');
  app.get('/health', (c) => c.json({ status: 'ok', pending_webhooks: webhooks.pending }));
  app.get('/journal', (c) => c.json({ data: moneyJournal(world, c.req.query()) }));
  app.get('/faults', (c) => c.json({ data: faults.list() }));
  app.post('/faults', async (c) => {
    const input = faultInput.safeParse(await c.req.json().catch(() => undefined));
    if (!input.success) return c.json({ errors: input.error.issues }, 422);
    faults.add(input.data);
    return c.json({ data: faults.list() }, 201);
  });
  app.delete('/faults', (c) => {
    faults.clear();
    return c.body(null, 204);
  });
  app.post('/reset', (c) => {
    faults.clear();
    world.store.clear();
    return c.body(null, 204);
  });
  app.post('/payment_intents/:id/authentication', async (c) => {
    const input = authentication.safeParse(await c.req.json().catch(() => undefined));
    if (!input.success) return c.json({ errors: input.error.issues }, 422);
    return change(
      c,
      () => authenticateIntent(world, c.req.param('id'), input.data.outcome === 'complete').status,
    );
  });
  app.post('/refunds/:id', async (c) => {
    const input = refundEnd.safeParse(await c.req.json().catch(() => undefined));
    if (!input.success) return c.json({ errors: input.error.issues }, 422);
    return change(c, () => finishRefund(world, c.req.param('id'), input.data.status).status);
  });
  app.post('/events/:id/resend', (c) => {
    const event = world.store.get('event', c.req.param('id'));
    if (event === undefined) return c.json({ error: 'no such event' }, 404);
    webhooks.resend(event);
    return c.body(null, 202);
  });

  function change(c: Context, apply: () => string) {
    try {
      const status = apply();
      world.store.commit();
      return c.json({ status });
    } catch (error) {
      if (!(error instanceof StripeFault) || error.status !== 404) throw error;
      return c.json({ error: error.message }, 404);
    }
  }

  return app;
}
