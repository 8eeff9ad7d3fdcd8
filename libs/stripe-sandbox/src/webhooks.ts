import { createHmac } from 'node:crypto';
import { createSchedule } from './delivery-schedule.ts';
import type { Faults } from './faults.ts';
import type { DeliveryRecord, EventRecord } from './records.ts';
import { eventView } from './views.ts';
import type { World } from './world.ts';

/** Stripe tries for three days with growing pauses. */
const RETRY_DELAYS_MS = [1, 5, 30, 120, 600, 3600, 10_800, 21_600, 43_200, 86_400, 86_400].map(
  (seconds) => seconds * 1000,
);
const ANSWER_TIMEOUT_MS = 10_000;
const CONCURRENCY = 16;

export interface Webhooks extends Disposable {
  /** Sends the event to the endpoint, later and again, as long as it is not answered with 2xx. */
  enqueue(event: EventRecord): void;
  /** Sends an event once more now, as the dashboard's button does. */
  resend(event: EventRecord): void;
  /** Events that wait for a delivery or for the answer to one. */
  readonly pending: number;
}

/** `Stripe-Signature` of a payload. @see https://docs.stripe.com/webhooks#verify-manually */
export function signatureHeader(payload: string, secret: string, timestamp: number): string {
  const signature = createHmac('sha256', secret).update(`${timestamp}.${payload}`).digest('hex');
  return `t=${timestamp},v1=${signature}`;
}

export function createWebhooks(world: World, faults: Faults): Webhooks {
  const { store, options } = world;
  const { webhookUrl: url, webhookDelayMs } = options;
  const retryDelaysMs = options.webhookRetryDelaysMs ?? RETRY_DELAYS_MS;
  const schedule = createSchedule(deliver, CONCURRENCY);
  /** An event that waits until the next one has arrived, and that next one once it is known. */
  let held: { event: EventRecord; behind?: string } | undefined;

  async function deliver(event: EventRecord): Promise<void> {
    if (url === undefined) return;
    const known = store.get('delivery', event.id);
    const attempts = (known?.attempts ?? 0) + 1;
    const delivered = await post(world, url, event);
    if (schedule.closed) return;
    if (held?.behind === event.id) {
      schedule.later(held.event, 0);
      held = undefined;
    }
    const delayMs = retryDelaysMs[attempts - 1];
    const done = delivered || known?.state === 'delivered';
    if (!done && delayMs !== undefined) schedule.later(event, delayMs);
    save(event, done ? 'delivered' : delayMs === undefined ? 'given_up' : 'pending', attempts);
    store.commit();
  }

  function save(event: EventRecord, state: DeliveryRecord['state'], attempts: number): void {
    store.put('delivery', { id: event.id, state, attempts });
  }

  function enqueue(event: EventRecord): void {
    const wanted = options.webhookEvents;
    if (url === undefined || !(wanted.has('*') || wanted.has(event.type))) return;
    const struck = faults.takeForWebhook(event.type);
    const fault = (kind: string) => struck.find((one) => one.kind === kind);
    save(event, fault('webhook_drop') ? 'dropped' : 'pending', 0);
    if (fault('webhook_drop')) return;
    if (fault('webhook_reorder') && held === undefined) {
      held = { event };
      return;
    }
    if (held !== undefined) held.behind ??= event.id;
    schedule.later(event, fault('webhook_delay')?.delay_ms ?? webhookDelayMs);
    if (fault('webhook_duplicate')) schedule.later(event, webhookDelayMs);
  }

  // What a restart interrupted goes on.
  for (const { id, state } of store.all('delivery')) {
    const event = store.get('event', id);
    if (state === 'pending' && event !== undefined) schedule.later(event, webhookDelayMs);
  }

  return {
    enqueue,
    resend: (event) => schedule.later(event, 0),
    get pending() {
      return schedule.pending + (held === undefined ? 0 : 1);
    },
    [Symbol.dispose]: () => schedule.close(),
  };
}

async function post(world: World, url: string, event: EventRecord): Promise<boolean> {
  const view = eventView(event, world.store.get('delivery', event.id), world.baseUrl());
  const payload = JSON.stringify(view, undefined, 2);
  try {
    const response = await fetch(url, {
      method: 'POST',
      body: payload,
      headers: {
        'content-type': 'application/json; charset=utf-8',
        'user-agent': 'Stripe/1.0 (+https://stripe.com/docs/webhooks)',
        'stripe-signature': signatureHeader(payload, world.options.webhookSecret, world.now()),
      },
      signal: AbortSignal.timeout(ANSWER_TIMEOUT_MS),
      redirect: 'manual',
    });
    await response.arrayBuffer();
    return response.ok;
  } catch {
    return false;
  }
}
