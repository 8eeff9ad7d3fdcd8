import type { orderCreated } from '@zoco/contracts';
import type { HandleAll } from '@zoco/events';
import { openPayment } from '../actions/open-payment.ts';
import type { PaymentDeps } from '../payment-deps.ts';
import type { Work } from '../work.ts';

/** Payments are written down; the provider is asked after the commit, by this process or, should it die, by the next poll. */
export const whenOrdersCreated =
  (deps: PaymentDeps, work: Work): HandleAll<typeof orderCreated> =>
  async (tx, events) => {
    const opened = await Promise.all(events.map((event) => openPayment(tx, deps, event.data, event)));
    const due = opened.filter((payment) => payment !== undefined && payment.dueAt !== null);
    if (due.length === 0) return undefined;
    return () => {
      deps.failpoint('after-payment-commit');
      for (const payment of due) if (payment !== undefined) work.newPaymentSoon(payment);
    };
  };
