import type { Tx } from '@zoco/postgres';
import { type Payment, savePayment } from '../db/payments.ts';
import { paymentsBecame } from '../metrics.ts';
import { tellCanceled } from '../payment-event.ts';

/**
 * Ends an open payment: no money came, and none can come any more.
 * @param payment locked by this transaction
 */
export async function closePayment(
  tx: Tx,
  payment: Payment,
  changes: Partial<Payment> = {},
): Promise<Payment> {
  const version = payment.version + 1;
  const reason = changes.cancelReason ?? payment.cancelReason ?? 'canceled_at_provider';
  const [saved] = await Promise.all([
    savePayment(tx, payment.id, {
      ...changes,
      status: 'canceled',
      canceledAt: new Date(),
      cancelReason: reason,
      paymentToken: null,
      nextActionUrl: null,
      dueAt: null,
      lookAgain: false,
      tries: 0,
      version,
    }),
    tellCanceled(tx, payment, version, reason),
  ]);
  tx.onCommit(() => paymentsBecame.inc({ outcome: 'canceled' }));
  return saved;
}
