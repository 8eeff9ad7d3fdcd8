import type { EventHandler } from '@zoco/events';
import type { SettingsOf } from '../settings-of.ts';
import type { Failpoint } from '@zoco/service';
import { onCustomerUpdated } from './customer-updated.ts';
import { onOrderCanceled } from './order-canceled.ts';
import { onOrderConfirmed } from './order-confirmed.ts';
import { onPaymentRefunded } from './payment-refunded.ts';

export const handlers = (settingsOf: SettingsOf, failpoint: Failpoint): EventHandler[] => [
  onOrderConfirmed(settingsOf, failpoint),
  onOrderCanceled(settingsOf),
  onPaymentRefunded(settingsOf),
  onCustomerUpdated(),
];
