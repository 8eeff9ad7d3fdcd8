import { mkdtempSync, rmSync, appendFileSync, statSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Stripe } from 'stripe';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { testOptions, type SandboxOptions } from './config.ts';
import { startStripeSandbox, type StripeSandbox } from './start.ts';

interface Received {
  readonly body: string;
  readonly signature: string;
  readonly id: string;
  readonly type: string;
}

let received: Received[] = [];
let answers: number[] = [];
const endpoint = createServer((request, response) => {
  const chunks: Buffer[] = [];
  request.on('data', (chunk: Buffer) => chunks.push(chunk));
  request.on('end', () => {
    const body = Buffer.concat(chunks).toString();
    const { id, type } = JSON.parse(body) as { id: string; type: string };
    received.push({ body, id, type, signature: String(request.headers['stripe-signature']) });
    response.writeHead(answers.shift() ?? 200).end();
  });
});
let webhookUrl: string;

beforeAll(async () => {
  await new Promise<void>((resolve) => endpoint.listen(0, '127.0.0.1', resolve));
  webhookUrl = `http://127.0.0.1:${(endpoint.address() as AddressInfo).port}/hook`;
});
afterAll(() => {
  endpoint.closeAllConnections();
  endpoint.close();
});
beforeEach(() => {
  received = [];
  answers = [];
});

const cleanup: StripeSandbox[] = [];
afterEach(async () => {
  for (const sandbox of cleanup.splice(0)) await sandbox[Symbol.asyncDispose]();
});

async function start(overrides: Partial<SandboxOptions> = {}) {
  const options = testOptions({ webhookUrl, webhookRetryDelaysMs: [1, 1, 1], ...overrides });
  const sandbox = await startStripeSandbox(options);
  cleanup.push(sandbox);
  const stripe = new Stripe('sk_test_sandbox', {
    host: '127.0.0.1',
    port: sandbox.port,
    protocol: 'http',
    telemetry: false,
  });
  const pay = () =>
    stripe.paymentIntents.create({
      amount: 900,
      currency: 'eur',
      confirm: true,
      payment_method: 'pm_card_visa',
    });
  const settled = async () => {
    await expect.poll(() => sandbox.pendingWebhooks).toBe(0);
  };
  return { sandbox, stripe, pay, settled };
}

test('an event is signed so that the SDK believes it, and no other secret does', async () => {
  const { pay, settled, stripe } = await start();
  const intent = await pay();
  await settled();
  const [hook] = received;
  const event = stripe.webhooks.constructEvent(hook?.body ?? '', hook?.signature ?? '', 'whsec_sandbox');
  expect(event).toMatchObject({
    type: 'payment_intent.succeeded',
    data: { object: { id: intent.id, status: 'succeeded' } },
  });
  expect(event.request?.id).toMatch(/^req_/);
  expect(() =>
    stripe.webhooks.constructEvent(hook?.body ?? '', hook?.signature ?? '', 'whsec_other'),
  ).toThrow('No signatures found');
  expect(() =>
    stripe.webhooks.constructEvent(`${hook?.body} `, hook?.signature ?? '', 'whsec_sandbox'),
  ).toThrow('No signatures found');
});

test('it is sent until it is answered with 2xx, and listed as undelivered when it never is', async () => {
  answers = [500, 302, 404, 200];
  const { pay, settled, stripe } = await start();
  await pay();
  await settled();
  expect(received).toHaveLength(4);
  expect(new Set(received.map(({ id }) => id)).size).toBe(1);
  answers = [500, 500, 500, 500];
  await pay();
  await settled();
  const undelivered = await stripe.events.list({ delivery_success: false });
  expect(undelivered.data).toMatchObject([{ type: 'payment_intent.succeeded', pending_webhooks: 1 }]);
});

test('only the subscribed types are sent; the others can be listed', async () => {
  const { pay, settled, stripe } = await start({ webhookEvents: new Set(['charge.succeeded']) });
  await pay();
  await settled();
  expect(received.map(({ type }) => type)).toEqual(['charge.succeeded']);
  const events = await stripe.events.list({ type: 'payment_intent.*' });
  expect(events.data.map(({ type }) => type)).toEqual(['payment_intent.succeeded', 'payment_intent.created']);
});

describe('faults', () => {
  test('duplicate, drop and a resend by hand', async () => {
    const { sandbox, pay, settled, stripe } = await start();
    sandbox.addFault({ kind: 'webhook_duplicate' });
    await pay();
    await settled();
    expect(received).toHaveLength(2);
    sandbox.addFault({ kind: 'webhook_drop' });
    await pay();
    await settled();
    expect(received).toHaveLength(2);
    const [lost] = (await stripe.events.list({ delivery_success: false })).data;
    sandbox.resend(lost?.id ?? '');
    await settled();
    expect(received.at(-1)?.id).toBe(lost?.id);
    expect((await stripe.events.list({ delivery_success: false })).data).toEqual([]);
  });

  test('reorder: the event arrives after the next one', async () => {
    const { sandbox, pay, settled } = await start();
    sandbox.addFault({ kind: 'webhook_reorder' });
    const first = await pay();
    const second = await pay();
    await settled();
    const order = received.map(
      ({ body }) => (JSON.parse(body) as { data: { object: { id: string } } }).data.object.id,
    );
    expect(order).toEqual([second.id, first.id]);
  });

  test('delay: the event comes, later', async () => {
    const { sandbox, pay, settled } = await start();
    sandbox.addFault({ kind: 'webhook_delay', delay_ms: 50 });
    const first = await pay();
    await pay();
    await settled();
    expect(received.at(-1)?.body).toContain(first.id);
  });
});

describe('the journal file', () => {
  const dir = mkdtempSync(join(tmpdir(), 'zoco-sandbox-'));
  afterAll(() => rmSync(dir, { recursive: true }));

  test('a restart keeps intents, keys, events and what was not delivered', async () => {
    const journalFile = join(dir, 'restart.ndjson');
    const before = await start({ journalFile, webhookRetryDelaysMs: [60_000] });
    answers = [500];
    const params = { amount: 900, currency: 'eur', confirm: true, payment_method: 'pm_card_visa' } as const;
    const intent = await before.stripe.paymentIntents.create(params, { idempotencyKey: 'kept' });
    await expect.poll(() => received.length).toBe(1);
    const journal = before.sandbox.journal();
    await before.sandbox[Symbol.asyncDispose]();

    // A crash in the middle of a line.
    const size = statSync(journalFile).size;
    appendFileSync(journalFile, '{"kind":"payment_intent","rec');
    const after = await start({ journalFile });
    expect(statSync(journalFile).size).toBe(size);
    expect(after.sandbox.journal()).toEqual(journal);
    const again = await after.stripe.paymentIntents.create(params, { idempotencyKey: 'kept' });
    expect(again).toEqual(intent);
    expect(after.sandbox.journal()).toHaveLength(journal.length);
    await after.settled();
    expect(received.map(({ id }) => id)).toEqual([received[0]?.id, received[0]?.id]);
  });

  test('a file of something else is not taken for a journal', async () => {
    const journalFile = join(dir, 'other.ndjson');
    appendFileSync(journalFile, '{"level":"info"}\n');
    await expect(start({ journalFile })).rejects.toThrow('is not a line of a journal');
  });
});
