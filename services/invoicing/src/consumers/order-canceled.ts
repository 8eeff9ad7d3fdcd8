import { orderCanceled } from '@zoco/contracts';
import { type EventHandler, on } from '@zoco/events';
import type { SettingsOf } from '../settings-of.ts';
import { applyCorrection } from '../actions/apply-correction.ts';

/** Only a confirmed order has an invoice. One that was never paid, an order on account for one, is credited here; others by their refunds. */
export const onOrderCanceled = (settingsOf: SettingsOf): EventHandler =>
  on(orderCanceled, async (tx, { tenantId, data }) => {
    if (!data.was_confirmed) return;
    await applyCorrection(tx, await settingsOf(tenantId), {
      orderId: data.order_id,
      sourceKey: `cancel:${data.order_id}`,
      refundId: null,
      amountCents: null,
      reason: data.reason,
    });
  });
