import type { IncomingMessage, ServerResponse } from 'node:http';
import { serve, type ServerType } from '@hono/node-server';
import { RESPONSE_ALREADY_SENT } from '@hono/node-server/utils/response';
import { type Context, Hono } from 'hono';
import { type Connection, createApi } from './api.ts';
import { createAuthenticationPage } from './authentication-page.ts';
import type { SandboxOptions } from './config.ts';
import { createControl } from './control.ts';
import { createFaults, type FaultInput } from './faults.ts';
import { type JournalFilter, type MoneyMove, moneyJournal } from './money-journal.ts';
import { authenticateIntent } from './payment-intents.ts';
import { finishRefund } from './refunds.ts';
import { openStore } from './store.ts';
import { createWebhooks } from './webhooks.ts';
import type { World } from './world.ts';

/** A running sandbox. What the methods do can be done over HTTP too, see the README. */
export interface StripeSandbox extends AsyncDisposable {
  readonly url: string;
  readonly port: number;
  journal(filter?: JournalFilter): MoneyMove[];
  addFault(fault: FaultInput): void;
  clearFaults(): void;
  /** The cardholder completes or fails the authentication. Returns the status of the intent then. */
  authenticate(intentId: string, outcome: 'complete' | 'fail'): string;
  /** The bank tells how a refund ended. */
  finishRefund(refundId: string, status: 'succeeded' | 'failed'): void;
  /** Sends an event again. */
  resend(eventId: string): void;
  /** Events recorded so far, oldest first. */
  events(): { id: string; type: string; payment_intent: string }[];
  readonly pendingWebhooks: number;
}

/**
 * Starts the sandbox; it listens when the promise resolves.
 * @throws Error `EADDRINUSE` when the port is taken
 */
export async function startStripeSandbox(options: SandboxOptions): Promise<StripeSandbox> {
  await using cleanup = new AsyncDisposableStack();
  const store = cleanup.use(openStore(options.journalFile));
  const faults = createFaults();
  let url = '';
  const world: World = {
    options,
    store,
    baseUrl: () => url,
    now: () => Math.floor(Date.now() / 1000),
    onEvent: (event) => webhooks.enqueue(event),
  };
  const webhooks = cleanup.use(createWebhooks(world, faults));
  const app = new Hono();
  app.get('/health', (c) => c.json({ status: 'ok' }));
  app.route('/', createApi(world, faults, connection));
  app.route('/', createControl(world, faults, webhooks));
  app.route('/', createAuthenticationPage(world));
  const server = await listen(app, options);
  cleanup.defer(() => server.close());
  const running = cleanup.move();
  url = options.publicUrl ?? `http://${options.host}:${server.port}`;
  return {
    url,
    port: server.port,
    journal: (filter) => moneyJournal(world, filter),
    addFault: (fault) => faults.add(fault),
    clearFaults: () => faults.clear(),
    authenticate(intentId, outcome) {
      const { status } = authenticateIntent(world, intentId, outcome === 'complete');
      store.commit();
      return status;
    },
    finishRefund(refundId, status) {
      finishRefund(world, refundId, status);
      store.commit();
    },
    resend(eventId) {
      const event = store.get('event', eventId);
      if (event !== undefined) webhooks.resend(event);
    },
    events: () =>
      [...store.all('event')].map(({ id, type, snapshot: { object, record } }) => ({
        id,
        type,
        payment_intent: object === 'payment_intent' ? record.id : record.intentId,
      })),
    get pendingWebhooks() {
      return webhooks.pending;
    },
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  };
}

interface NodeBindings {
  readonly incoming: IncomingMessage;
  readonly outgoing: ServerResponse;
}

const connection: Connection = {
  async hang(c: Context<{ Bindings: NodeBindings }>) {
    const { outgoing } = c.env;
    await new Promise<void>((resolve) => outgoing.once('close', () => resolve()));
    return RESPONSE_ALREADY_SENT;
  },
  drop(c: Context<{ Bindings: NodeBindings }>) {
    c.env.incoming.socket.destroy();
    return RESPONSE_ALREADY_SENT;
  },
};

function listen(app: Hono, options: SandboxOptions): Promise<{ port: number; close: () => Promise<void> }> {
  return new Promise((resolve, reject) => {
    const server: ServerType = serve(
      { fetch: app.fetch, hostname: options.host, port: options.port },
      ({ port }) => resolve({ port, close: () => close(server) }),
    );
    server.once('error', reject);
  });
}

function close(server: ServerType): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  server.close(() => resolve());
  if ('closeAllConnections' in server) server.closeAllConnections();
  return promise;
}
