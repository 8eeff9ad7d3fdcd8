import { Hono } from 'hono';
import { html } from 'hono/html';
import type { IntentRecord } from './records.ts';
import { authenticateIntent } from './payment-intents.ts';
import type { World } from './world.ts';

/** The page that stands for the bank's 3-D Secure page: the cardholder completes the authentication or fails it. */
export function createAuthenticationPage(world: World): Hono {
  const app = new Hono();
  const path = '/sandbox/authenticate/:id';

  const known = (id: string, secret: string | undefined): IntentRecord | undefined => {
    const intent = world.store.get('payment_intent', id);
    return intent?.clientSecret === secret ? intent : undefined;
  };

  app.get(path, (c) => {
    const intent = known(c.req.param('id'), c.req.query('client_secret'));
    if (intent === undefined) return c.text('There is no such payment.', 404);
    c.header('content-security-policy', "default-src 'none'; style-src 'unsafe-inline'");
    return c.html(page(intent));
  });
  app.post(path, async (c) => {
    const intent = known(c.req.param('id'), c.req.query('client_secret'));
    if (intent === undefined) return c.text('There is no such payment.', 404);
    const form = await c.req.parseBody();
    const after = authenticateIntent(world, intent.id, form['outcome'] === 'complete');
    world.store.commit();
    if (intent.returnUrl === null) return c.text(`The payment has the status ${after.status}.`);
    const url = new URL(intent.returnUrl);
    url.searchParams.set('payment_intent', intent.id);
    url.searchParams.set('payment_intent_client_secret', intent.clientSecret);
    url.searchParams.set('redirect_status', after.status === 'succeeded' ? 'succeeded' : 'failed');
    return c.redirect(url.href, 303);
  });
  return app;
}

function page(intent: IntentRecord) {
  const waits = intent.status === 'requires_action';
  const buttons = html`<form method="post">
    <button name="outcome" value="complete">Complete authentication</button>
    <button name="outcome" value="fail">Fail authentication</button>
  </form>`;
  return html`<!doctype html>
    <html lang="en">
      <meta charset="utf-8" />
      <title>3-D Secure (sandbox)</title>
      <style>
        body {
          font:
            16px/1.5 system-ui,
            sans-serif;
          margin: 10vh auto;
          max-width: 28rem;
          padding: 0 1rem;
        }
        button {
          font: inherit;
          padding: 0.5rem 1rem;
          margin-right: 0.5rem;
        }
      </style>
      <h1>Your bank asks</h1>
      <p>Is a payment of ${intent.amount} ${intent.currency.toUpperCase()} (in the smallest unit) yours?</p>
      ${waits ? buttons : html`<p>This payment does not wait for an answer (${intent.status}).</p>`}
    </html>`;
}
