import { paymentSucceeded } from '@zoco/contracts';
import { type EventHandler, on } from '@zoco/events';
import type { Failpoint } from '@zoco/service';
import { confirmPaidOrder } from '../actions/confirm-paid-order.ts';
import { countConfirmed } from '../metrics.ts';

export function onPaymentSucceeded(failpoint: Failpoint): EventHandler {
  return on(paymentSucceeded, async (tx, { data, version }) => {
    const confirmed = await confirmPaidOrder(tx, data, version);
    failpoint('before-confirm-commit');
    return () => {
      failpoint('after-confirm-commit');
      if (confirmed !== undefined) countConfirmed(confirmed);
    };
  });
}
