import type { Ended } from '../actions/end-order.ts';
import type { Work } from '../work.ts';

/** What to do after the commit about what it left open; a crash before that leaves it to the poll. */
export function goOn(work: Work, { payment, refund }: Ended): () => void {
  return () => {
    if (payment !== undefined) work.paymentSoon(payment.tenantId, payment.id);
    if (refund?.status === 'pending') work.refundSoon(refund.tenantId, refund.id);
  };
}
