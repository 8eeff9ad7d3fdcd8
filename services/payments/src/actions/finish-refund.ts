import type { Tx } from '@zoco/postgres';
import { journalEntries, postJournal } from '../db/ledger.ts';
import { type Payment, savePayment } from '../db/payments.ts';
import { type Refund, saveRefund } from '../db/refunds.ts';
import { countRefunded } from '../metrics.ts';
import { tellRefunded } from '../payment-event.ts';
import { type Entry, lateRefundEntries, refundEntries } from '../rules/ledger.ts';
import { refundTaxCents, statusAfterRefund } from '../rules/refund.ts';

/**
 * The money went back: books it, and tells it the first time.
 * @param payment locked by this transaction
 */
export async function finishRefund(
  tx: Tx,
  payment: Payment,
  refund: Refund,
  providerId: string | null,
): Promise<Refund> {
  const at = new Date();
  const isNews = refund.refundedAt === null;
  const refundedCents = payment.refundedCents + refund.amountCents;
  const entries = await entriesFor(tx, payment, refund);
  const [saved] = await Promise.all([
    saveRefund(tx, refund.id, {
      status: 'succeeded',
      providerId,
      failureCode: null,
      dueAt: null,
      tries: 0,
      refundedAt: refund.refundedAt ?? at,
    }),
    postJournal(tx, {
      kind: refund.isLate ? 'late_refund' : 'refund',
      ref: journalRef(refund),
      payment,
      entries,
    }),
    isNews && !refund.isLate ? announce(tx, payment, refund, refundedCents, at) : undefined,
  ]);
  return saved;
}

async function announce(
  tx: Tx,
  payment: Payment,
  refund: Refund,
  refundedCents: number,
  at: Date,
): Promise<void> {
  const version = payment.version + 1;
  const { id, amountCents, reason } = refund;
  await Promise.all([
    savePayment(tx, payment.id, {
      refundedCents,
      status: statusAfterRefund(refundedCents, payment.capturedCents),
      version,
    }),
    tellRefunded(tx, payment, version, { id, amountCents, reason, totalCents: refundedCents, at }),
  ]);
  tx.onCommit(() => countRefunded(amountCents, payment.currency));
}

/** A refund that came back and is done again is booked as it was the first time. */
async function entriesFor(tx: Tx, payment: Payment, refund: Refund): Promise<readonly Entry[]> {
  if (refund.isLate) return lateRefundEntries(refund.amountCents);
  if (refund.refundedAt !== null) return journalEntries(tx, 'refund', refund.id);
  const taxCents = refundTaxCents(payment, payment.refundedCents, refund.amountCents);
  const money = payment.method === 'card' ? 'stripe_clearing' : 'bank';
  return refundEntries(money, refund.amountCents, taxCents);
}

/** The first booking carries the refund's id alone. */
export function journalRef({ id, keyVersion, refundedAt }: Refund): string {
  return refundedAt === null ? id : `${id}:v${keyVersion}`;
}
