import type { Election } from '@zoco/service';
import { eventually } from '@zoco/testing';
import { newId } from '@zoco/kernel';
import { expect, test } from 'vitest';
import { journalsOf } from '../fixtures/ledger.ts';
import { openShop, type Shop } from '../fixtures/shop.ts';
import { bookFees } from './actions/book-fees.ts';
import { fillEventGap } from './actions/fill-event-gap.ts';
import { startBackground } from './background.ts';
import type { PaymentDeps } from './payment-deps.ts';

/** An election that says what it is told, and counts who asks. */
function ballot(): Election & { elected: boolean; asked: number } {
  return {
    elected: false,
    asked: 0,
    isElected() {
      this.asked += 1;
      return this.elected;
    },
    [Symbol.asyncDispose]: async () => {},
  };
}

/** Notes since when Stripe's lists are asked for; of charges, which are asked for day by day, the first day of each run. */
function watchLists({ deps }: Shop) {
  const asked = { events: [] as Date[], charges: [] as Date[] };
  let reachedMs = 0;
  const { undeliveredEvents, chargeTransactions } = deps.stripe;
  const stripe: PaymentDeps['stripe'] = {
    ...deps.stripe,
    undeliveredEvents(since) {
      asked.events.push(since);
      return undeliveredEvents(since);
    },
    chargeTransactions(from, until) {
      if (from.getTime() !== reachedMs) asked.charges.push(from);
      reachedMs = until.getTime();
      return chargeTransactions(from, until);
    },
  };
  return { asked, watched: { ...deps, stripe } };
}

const DAY_MS = 24 * 3600_000;
const FEW_MS = 5 / 60_000;
const CONFIG = {
  PAYMENTS_POLL_MS: 10,
  PAYMENTS_EVENT_GAP_MINUTES: FEW_MS,
  PAYMENTS_FEES_MINUTES: FEW_MS,
};

test('only the elected replica asks Stripe for lists', async () => {
  await using shop = await openShop({ webhooks: true });
  shop.sandbox.addFault({ kind: 'webhook_drop', times: 100 });
  const paid = await shop.order({ payment_token: 'pm_card_visa' });
  const secure = await shop.order({ payment_token: 'pm_card_threeDSecure2Required' });
  shop.sandbox.authenticate(secure.payment.intentId ?? '', 'complete');
  const election = ballot();
  const kindsOf = async (orderId: string) => (await journalsOf(shop, orderId)).map(({ kind }) => kind);
  const background = () => startBackground(shop.deps, shop.work, CONFIG, election);

  {
    await using _others = background();
    await eventually(() => expect(election.asked).toBeGreaterThanOrEqual(20));
  }
  expect(await kindsOf(paid.orderId)).toEqual(['capture']);
  expect((await shop.find(secure.orderId)).status).toBe('requires_action');

  election.elected = true;
  await using _elected = background();
  await eventually(async () => {
    expect(await kindsOf(paid.orderId)).toEqual(['capture', 'fee']);
    expect((await shop.find(secure.orderId)).status).toBe('succeeded');
  });
});

test('events are first asked for as far back as Stripe keeps them, then as long as it tries to deliver', async () => {
  await using shop = await openShop();
  const { asked, watched } = watchLists(shop);
  const startedMs = Date.now();
  await using _running = startBackground(watched, shop.work, CONFIG);
  const [first, second] = await eventually(() => {
    expect(asked.events.length).toBeGreaterThan(1);
    return asked.events.map((since) => Date.now() - since.getTime());
  });
  const runMs = Date.now() - startedMs;
  expect(first).toBeGreaterThanOrEqual(30 * DAY_MS);
  expect(first).toBeLessThanOrEqual(30 * DAY_MS + runMs);
  expect(second).toBeGreaterThanOrEqual(3 * DAY_MS);
  expect(second).toBeLessThanOrEqual(3 * DAY_MS + runMs);
});

/** A fee that somebody booked so long ago. @returns when, in milliseconds */
async function bookedFee(shop: Shop, daysAgo: number): Promise<number> {
  const { orderId, payment } = await shop.order({ payment_token: 'pm_card_visa' });
  const id = newId('journal');
  const [row] = await shop.sql(
    (tx) => tx.sql<{ ms: number }[]>`
      with journal as (
        insert into ledger_journals (tenant_id, id, kind, ref, payment_id, order_id, created_at)
        values (${tx.tenantId}, ${id}, 'fee', ${`txn_${id}`}, ${payment.id}, ${orderId},
                date_trunc('milliseconds', now()) - make_interval(days => ${daysAgo}))
        returning created_at),
      entry as (
        insert into ledger_entries (tenant_id, journal_id, line, account, currency, amount_cents)
        values (${tx.tenantId}, ${id}, 1, 'stripe_fees', 'EUR', 1),
               (${tx.tenantId}, ${id}, 2, 'stripe_clearing', 'EUR', -1))
      select (extract(epoch from created_at) * 1000)::float8 as ms from journal`,
  );
  return row?.ms ?? 0;
}

test('who is elected to book fees begins where the one before has stopped, however long it has waited', async () => {
  await using shop = await openShop();
  const newestMs = await bookedFee(shop, 20);
  const { asked, watched } = watchLists(shop);
  const election = ballot();
  election.elected = true;
  await using _running = startBackground(watched, shop.work, CONFIG, election);
  const times = await eventually(() => {
    expect(asked.charges.length).toBeGreaterThan(1);
    return asked.charges.map((since) => since.getTime());
  });
  expect(times[0]).toBe(newestMs - 2 * DAY_MS);
  // Its own run is known to be complete.
  expect(times[1]).toBeGreaterThan(Date.now() - DAY_MS);
});

test('who was elected before, and is again, begins where the other one has stopped', async () => {
  await using shop = await openShop();
  const { asked, watched } = watchLists(shop);
  const election = ballot();
  election.elected = true;
  const startedMs = Date.now();
  const config = { ...CONFIG, PAYMENTS_EVENT_GAP_MINUTES: 60 };
  await using _running = startBackground(watched, shop.work, config, election);
  await eventually(() => expect(asked.charges.length).toBeGreaterThan(1));
  // Nobody ever booked one.
  expect(asked.charges[0]?.getTime()).toBeGreaterThanOrEqual(startedMs - 30 * DAY_MS);
  expect(asked.charges[0]?.getTime()).toBeLessThanOrEqual(Date.now() - 30 * DAY_MS);
  election.elected = false;
  const { asked: seen } = election;
  await eventually(() => expect(election.asked).toBeGreaterThan(seen));
  const newestMs = await bookedFee(shop, 20);
  const before = asked.charges.length;
  election.elected = true;
  await eventually(() => expect(asked.charges.length).toBeGreaterThan(before));
  expect(asked.charges[before]?.getTime()).toBe(newestMs - 2 * DAY_MS);
});

test('fees are booked from the oldest day on, so that a crash leaves none behind the newest', async () => {
  await using shop = await openShop();
  const { chargeTransactions } = shop.deps.stripe;
  const days: (readonly [number, number])[] = [];
  const stripe: PaymentDeps['stripe'] = {
    ...shop.deps.stripe,
    chargeTransactions(from, until) {
      days.push([from.getTime(), until.getTime()]);
      return chargeTransactions(from, until);
    },
  };
  const since = new Date(Date.now() - 3.5 * DAY_MS);
  await bookFees({ ...shop.deps, stripe }, since);
  expect(days.map(([from]) => from)).toEqual([0, 1, 2, 3].map((day) => since.getTime() + day * DAY_MS));
  expect(days.map(([, until]) => until)).toEqual([1, 2, 3, 4].map((day) => since.getTime() + day * DAY_MS));
});

test('a lost event that cannot be taken keeps out none of the others', async () => {
  await using shop = await openShop({ webhooks: true, retriesMax: 0 });
  shop.sandbox.addFault({ kind: 'webhook_drop', times: 100 });
  const unheard = await shop.order({});
  await shop.stripe.paymentIntents.confirm(unheard.payment.intentId ?? '', {
    payment_method: 'pm_card_visa',
  });
  const { orderId, payment } = await shop.order({ payment_token: 'pm_card_visa' });
  const { amountCents: amount } = payment;
  const metadata = { tenant: shop.tenant.id, order_id: orderId, env: 'test' };
  const second = { amount, currency: 'eur', confirm: true, payment_method: 'pm_card_visa', metadata };
  await shop.stripe.paymentIntents.create(second);
  shop.sandbox.addFault({
    kind: 'unavailable',
    operation: 'payment_intents.retrieve',
    order_id: orderId,
    times: 100,
  });
  const since = new Date(Date.now() - DAY_MS);
  await expect(fillEventGap(shop.deps, shop.work, since)).rejects.toThrow(AggregateError);
  await shop.workOff();
  expect((await shop.find(unheard.orderId)).status).toBe('succeeded');
  shop.sandbox.clearFaults();
  await fillEventGap(shop.deps, shop.work, since);
  await shop.workOff();
  expect(await shop.refundsOf(orderId)).toMatchObject([{ is_late: true, amount_cents: amount }]);
});
