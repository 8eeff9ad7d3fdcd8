import type { Context } from 'hono';
import { Hono } from 'hono';
import { setTimeout as delay } from 'node:timers/promises';
import type { Faults, RequestFault } from './faults.ts';
import { optionalText, parseForm, type Form } from './form.ts';
import { createIdempotencyKeys, fingerprintOf, type IdempotencyKeys } from './idempotency.ts';
import { type Operation, OPERATIONS } from './operations.ts';
import type { KeyRecord } from './records.ts';
import { StripeFault } from './stripe-fault.ts';
import { ACCOUNT_API_VERSION } from './views.ts';
import { stripeId, type World } from './world.ts';

/** Makes the answer to a request whose connection is to break or to stay silent. */
export interface Connection {
  /** Resolves when the client has gone. */
  hang(c: Context): Promise<Response>;
  drop(c: Context): Response;
}

interface Call {
  readonly c: Context;
  readonly operation: Operation;
  readonly form: Form;
  readonly requestId: string;
  readonly key: string | undefined;
  readonly fingerprint: string;
}

type Answer = Pick<KeyRecord, 'status' | 'body' | 'requestId'> & { readonly executed: boolean };

/** The routes under /v1: authentication, versions, idempotency and faults around the operations. */
export function createApi(world: World, faults: Faults, connection: Connection): Hono {
  const app = new Hono();
  const keys = createIdempotencyKeys(world);
  for (const operation of OPERATIONS) {
    app.on(operation.method, operation.path, (c) => answer(c, operation));
  }
  app.all('/v1/*', (c) => {
    const message = `Unrecognized request URL (${c.req.method}: ${c.req.path}). Please see https://stripe.com/docs.`;
    return refuse(c, stripeId('req_', 14), new StripeFault(404, { type: 'invalid_request_error', message }));
  });

  async function answer(c: Context, operation: Operation): Promise<Response> {
    const requestId = stripeId('req_', 14);
    try {
      const body = operation.method === 'POST' ? await c.req.text() : (c.req.url.split('?')[1] ?? '');
      const form = parseForm(body);
      checkVersion(c);
      authenticate(c, operation, form, world);
      const key = operation.method === 'POST' ? c.req.header('idempotency-key') : undefined;
      const fingerprint = fingerprintOf(operation.method, c.req.path, body);
      return await perform({ c, operation, form, requestId, key, fingerprint });
    } catch (error) {
      if (!(error instanceof StripeFault)) throw error;
      return refuse(c, requestId, error);
    }
  }

  async function perform(call: Call): Promise<Response> {
    const { c, key, fingerprint } = call;
    const kept = key === undefined ? undefined : keys.claim(key, fingerprint);
    if (kept !== undefined) return respond(c, call.requestId, kept, { replayed: true });
    const fault = faults.takeForRequest(call.operation.name, orderIdOf(world, call));
    try {
      if (fault !== undefined) await before(fault);
      const done = fault?.kind === 'fail_500' ? internalError(call.requestId) : execute(world, call);
      const result = fault?.kind === 'commit_then_500' ? internalError(call.requestId) : done;
      finish(world, keys, call, result);
      if (fault?.kind === 'commit_then_hang') return await connection.hang(c);
      if (fault?.kind === 'commit_then_drop') return connection.drop(c);
      return respond(c, call.requestId, result);
    } finally {
      if (key !== undefined) keys.release(key);
    }
  }

  return app;
}

function execute(world: World, { operation, form, c, requestId, key }: Call): Answer {
  try {
    const id = c.req.param('id') ?? '';
    const value = operation.run(world, form, id, { requestId, idempotencyKey: key });
    return { status: 200, body: JSON.stringify(value, undefined, 2), requestId, executed: true };
  } catch (error) {
    if (!(error instanceof StripeFault)) throw error;
    return { status: error.status, body: errorBody(error, requestId), requestId, executed: error.executed };
  }
}

/** Effect and answer become durable together. */
function finish(world: World, keys: IdempotencyKeys, call: Call, { executed, ...answer }: Answer): void {
  if (call.key !== undefined && executed) keys.keep(call.key, call.fingerprint, answer);
  world.store.commit();
}

async function before(fault: RequestFault): Promise<void> {
  if (fault.kind === 'stall') await delay(fault.delay_ms);
  if (fault.kind === 'rate_limit') {
    const message =
      'Request rate limit exceeded. You can learn more about rate limits here https://stripe.com/docs/rate-limits.';
    throw new StripeFault(429, { type: 'invalid_request_error', code: 'rate_limit', message });
  }
  if (fault.kind === 'unavailable') {
    throw new StripeFault(503, { type: 'api_error', message: 'Stripe is temporarily unavailable.' });
  }
}

function internalError(requestId: string): Answer {
  const fault = new StripeFault(500, { type: 'api_error', message: 'An unknown error occurred.' });
  return { status: 500, body: errorBody(fault, requestId), requestId, executed: true };
}

function authenticate(c: Context, operation: Operation, form: Form, world: World): void {
  const header = c.req.header('authorization') ?? '';
  const [, bearer] = /^Bearer (\S+)$/i.exec(header) ?? [];
  const [, basic] = /^Basic (\S+)$/i.exec(header) ?? [];
  const given =
    bearer ?? (basic === undefined ? undefined : Buffer.from(basic, 'base64').toString().split(':')[0]);
  if (given === undefined || given === '') {
    throw unauthorized(
      "You did not provide an API key. You need to provide your API key in the Authorization header, using Bearer auth (e.g. 'Authorization: Bearer YOUR_SECRET_KEY').",
    );
  }
  if (given === world.options.secretKey) return;
  if (operation.publishable && given.startsWith('pk_test_')) {
    const intent = world.store.get('payment_intent', c.req.param('id') ?? '');
    if (intent !== undefined && optionalText(form, 'client_secret') === intent.clientSecret) return;
  }
  throw unauthorized(`Invalid API Key provided: ${given.slice(0, 8)}****${given.slice(-4)}`);
}

const unauthorized = (message: string) => new StripeFault(401, { type: 'invalid_request_error', message });

/** `payment_method_types` was replaced in this version; the sandbox does not know the world before. */
const OLDEST_VERSION = '2026-09-30';

function checkVersion(c: Context): void {
  const version = c.req.header('stripe-version') ?? ACCOUNT_API_VERSION;
  const known = /^\d{4}-\d{2}-\d{2}(\.[a-z]+)?$/.test(version);
  if (known && version >= OLDEST_VERSION) return;
  const message = known
    ? `The sandbox speaks versions from ${OLDEST_VERSION} on, not ${version}.`
    : `Invalid Stripe API version: ${version}`;
  throw new StripeFault(400, { type: 'invalid_request_error', message });
}

function orderIdOf(world: World, { c, form }: Call): string | undefined {
  const metadata = form['metadata'];
  const named = typeof metadata === 'object' ? metadata['order_id'] : undefined;
  if (typeof named === 'string') return named;
  const intentId = c.req.param('id') ?? form['payment_intent'];
  return typeof intentId === 'string'
    ? world.store.get('payment_intent', intentId)?.metadata['order_id']
    : undefined;
}

function errorBody(fault: StripeFault, requestId: string): string {
  const { code } = fault.body;
  const error = {
    ...fault.body,
    ...(code === undefined
      ? {}
      : { doc_url: `https://docs.stripe.com/error-codes/${code.replaceAll('_', '-')}` }),
    request_log_url: `https://dashboard.stripe.com/test/logs/${requestId}`,
  };
  return JSON.stringify({ error }, undefined, 2);
}

function refuse(c: Context, requestId: string, fault: StripeFault): Response {
  return respond(c, requestId, { status: fault.status, body: errorBody(fault, requestId), requestId });
}

function respond(
  c: Context,
  requestId: string,
  answer: Pick<KeyRecord, 'status' | 'body' | 'requestId'>,
  { replayed = false } = {},
): Response {
  const headers = new Headers({
    'content-type': 'application/json',
    'cache-control': 'no-cache, no-store',
    'request-id': requestId,
    'stripe-version': c.req.header('stripe-version') ?? ACCOUNT_API_VERSION,
  });
  const key = c.req.header('idempotency-key');
  if (key !== undefined) headers.set('idempotency-key', key);
  if (replayed) {
    headers.set('idempotent-replayed', 'true');
    headers.set('original-request', answer.requestId);
  }
  // A repetition would only be given the same 500 again; a 409, 429 or 503 may go away.
  if (answer.status === 500) headers.set('stripe-should-retry', 'false');
  if ([409, 429, 503].includes(answer.status)) headers.set('stripe-should-retry', 'true');
  return new Response(answer.body, { status: answer.status, headers });
}
