import type { orderCreated } from '@zoco/contracts';
import type { Handle } from '@zoco/events';
import { openPayment } from '../actions/open-payment.ts';
import type { PaymentDeps } from '../payment-deps.ts';
import type { Work } from '../work.ts';

/** The payment is written down; the provider is asked after the commit, by this process or, should it die, by the next poll. */
export const whenOrderCreated =
  (deps: PaymentDeps, work: Work): Handle<typeof orderCreated> =>
  async (tx, event) => {
    const payment = await openPayment(tx, deps, event.data);
    if (payment?.dueAt === undefined || payment.dueAt === null) return undefined;
    return () => {
      deps.failpoint('after-payment-commit');
      work.newPaymentSoon(payment);
    };
  };
