import type { EventHandler } from '@zoco/events';
import type { Failpoint } from '@zoco/service';
import { onPaymentCanceled } from './payment-canceled.ts';
import { onPaymentFailed } from './payment-failed.ts';
import { onPaymentRefunded } from './payment-refunded.ts';
import { onPaymentSucceeded } from './payment-succeeded.ts';

/** One handler per event that the call graph gives to orders. */
export function handlers(failpoint: Failpoint): EventHandler[] {
  return [onPaymentSucceeded(failpoint), onPaymentFailed, onPaymentCanceled, onPaymentRefunded];
}
