import { paymentRefunded } from '@zoco/contracts';
import { type EventHandler, on } from '@zoco/events';
import type { SettingsOf } from '../settings-of.ts';
import { applyCorrection } from '../actions/apply-correction.ts';

export const onPaymentRefunded = (settingsOf: SettingsOf): EventHandler =>
  on(paymentRefunded, async (tx, { tenantId, data }) => {
    await applyCorrection(tx, await settingsOf(tenantId), {
      orderId: data.order_id,
      sourceKey: `refund:${data.refund_id}`,
      refundId: data.refund_id,
      amountCents: data.refund_cents,
      reason: data.reason,
    });
  });
