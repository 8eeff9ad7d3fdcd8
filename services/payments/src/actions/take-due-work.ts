import { takeDuePayments } from '../db/payments.ts';
import { takeDueRefunds } from '../db/refunds.ts';
import type { PaymentDeps } from '../payment-deps.ts';
import type { Work } from '../work.ts';

/**
 * Takes what is due, as much as there is room for, and works on it.
 * @returns how much was taken
 */
export async function takeDueWork(deps: PaymentDeps, work: Work): Promise<number> {
  const { room } = work;
  if (room === 0) return 0;
  const lease = deps.settings.PAYMENTS_LEASE_SECONDS;
  const { payments, refunds } = await deps.db.work(async (tx) => ({
    payments: await takeDuePayments(tx, room, lease, work.paymentsInHand()),
    refunds: await takeDueRefunds(tx, room, lease),
  }));
  for (const { tenantId, id } of payments) work.paymentSoon(tenantId, id);
  for (const { tenantId, id } of refunds) work.refundSoon(tenantId, id);
  return payments.length + refunds.length;
}
