import type { Election } from '@zoco/service';
import { bookFees, unbookedSince } from './actions/book-fees.ts';
import { fillEventGap } from './actions/fill-event-gap.ts';
import { purgeExpired } from './actions/purge-expired.ts';
import type { Config } from './config.ts';
import { createLedgerWatch } from './ledger-watch.ts';
import type { PaymentDeps } from './payment-deps.ts';
import { pollDueWork } from './poll.ts';
import { repeat } from './repeat.ts';
import type { Work } from './work.ts';

const MINUTE_MS = 60_000;
const LEDGER_MS = 10_000;
const DAY_MS = 24 * 60 * MINUTE_MS;
/** Stripe tries to deliver for three days. */
const GAP_DAYS = 3;
/** And lists events for thirty: what was not delivered while nobody was here to ask is asked for once. */
const FIRST_GAP_DAYS = 30;

/**
 * What runs beside the requests. Dispose to stop: what is in hand is finished. Any number of replicas may run it. What asks Stripe for long
 * lists is done by the elected one alone, where there is an election: doing it twice would be harmless, but it counts against Stripe's limits.
 */
export function startBackground(
  deps: PaymentDeps,
  work: Work,
  config: Pick<Config, 'PAYMENTS_POLL_MS' | 'PAYMENTS_EVENT_GAP_MINUTES' | 'PAYMENTS_FEES_MINUTES'>,
  election?: Election,
): AsyncDisposable {
  const controller = new AbortController();
  const { signal } = controller;
  const { log } = deps;
  const feeIntervalMs = config.PAYMENTS_FEES_MINUTES * MINUTE_MS;
  const isElected = () => election?.isElected() ?? true;
  let gapDays = FIRST_GAP_DAYS;
  /** Where this one goes on, as long as it is the one that books. */
  let feesSince: Date | undefined;
  const running = Promise.all([
    pollDueWork(deps, work, config.PAYMENTS_POLL_MS, signal),
    repeat(
      'asking Stripe for lost events',
      config.PAYMENTS_EVENT_GAP_MINUTES * MINUTE_MS,
      log,
      signal,
      async () => {
        if (!isElected()) return;
        const count = await fillEventGap(deps, work, new Date(Date.now() - gapDays * DAY_MS));
        gapDays = GAP_DAYS;
        if (count > 0) log.warn({ count }, 'events were not delivered and have been fetched');
      },
    ),
    repeat('booking fees', feeIntervalMs, log, signal, async () => {
      if (!isElected()) {
        feesSince = undefined;
        return;
      }
      const startedMs = Date.now();
      feesSince ??= await unbookedSince(deps);
      const count = await bookFees(deps, feesSince);
      // One interval of overlap: a charge may be listed a little late.
      feesSince = new Date(startedMs - feeIntervalMs);
      if (count > 0) log.info({ count }, 'fees are booked');
    }),
    repeat('looking through the ledger', LEDGER_MS, log, signal, createLedgerWatch(deps.db)),
    repeat('purging', 60 * MINUTE_MS, log, signal, () => purgeExpired(deps.db)),
  ]);
  return {
    async [Symbol.asyncDispose]() {
      controller.abort();
      await running;
    },
  };
}
