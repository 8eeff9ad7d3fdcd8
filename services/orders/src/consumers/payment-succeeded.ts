import { paymentSucceeded } from '@zoco/contracts';
import { type EventHandler, onTogether } from '@zoco/events';
import type { Failpoint } from '@zoco/service';
import { confirmPaidOrders } from '../actions/confirm-paid-orders.ts';
import { countConfirmed } from '../metrics.ts';

export function onPaymentSucceeded(failpoint: Failpoint): EventHandler {
  return onTogether(paymentSucceeded, async (tx, events) => {
    const confirmed = await confirmPaidOrders(tx, events);
    failpoint('before-confirm-commit');
    return () => {
      failpoint('after-confirm-commit');
      for (const order of confirmed) countConfirmed(order);
    };
  });
}
