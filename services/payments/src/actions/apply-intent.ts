import { newId } from '@zoco/kernel';
import { NOW, secondsFromNow, type Tx } from '@zoco/postgres';
import { postJournal } from '../db/ledger.ts';
import { type Payment, type PaymentChanges, savePayment } from '../db/payments.ts';
import { insertRefund } from '../db/refunds.ts';
import { attention, countCaptured, lateCaptures, paymentsBecame } from '../metrics.ts';
import type { PaymentDeps } from '../payment-deps.ts';
import { tellFailed, tellSucceeded } from '../payment-event.ts';
import { captureEntries, lateCaptureEntries } from '../rules/ledger.ts';
import { nextStep } from '../rules/next-step.ts';
import { type IntentFacts, observe } from '../rules/observation.ts';
import { isCaptured, isOpen, NEXT, type PaymentStatus } from '../rules/payment.ts';
import { reconcileDelaySeconds } from '../rules/reconcile.ts';
import { closePayment } from './close-payment.ts';

/**
 * Takes over what the provider says of an intent, whoever heard it: the same answer twice, or an old one, changes nothing.
 * @param payment locked by this transaction
 * @param settles number of the attempt that this answer decides; 0 when it decides none
 */
export async function applyIntent(
  tx: Tx,
  deps: PaymentDeps,
  payment: Payment,
  intent: IntentFacts,
  settles: number,
): Promise<Payment> {
  const seen = observe(payment, intent);
  const known = settled(payment, intent, settles);
  const isOwn = known.intentId === intent.id;
  // What else there is to look at, a refund or the payment's own intent, stays due.
  const isElsewhere = !isOwn || isCaptured(payment.status);
  switch (seen.kind) {
    case 'captured':
      return capture(tx, deps, payment, known, intent);
    case 'late':
      await sendBack(tx, deps, payment, intent);
      // Money that came for a second intent says nothing of the payment's own: that may still be paid, or is being ended.
      if (!isOwn) return savePayment(tx, payment.id, known);
      return isOpen(payment.status) ? closePayment(tx, payment, known) : save(tx, deps, payment, {});
    case 'canceled':
      return closePayment(tx, payment, known);
    case 'declined':
      return decline(tx, deps, payment, known, intent);
    case 'open':
      return save(tx, deps, payment, {
        ...known,
        status: moved(payment, seen.status),
        nextActionUrl: intent.nextActionUrl,
      });
    case 'mismatch':
      tx.onCommit(() => attention.inc({ reason: 'amount_mismatch' }));
      deps.log.error({ payment_id: payment.id, intent_id: intent.id }, 'an intent is not for this payment');
      return isElsewhere ? savePayment(tx, payment.id, known) : save(tx, deps, payment, {});
    default:
      return isElsewhere ? savePayment(tx, payment.id, known) : save(tx, deps, payment, known);
  }
}

function settled(payment: Payment, intent: IntentFacts, settles: number): Partial<Payment> {
  return {
    intentId: payment.intentId ?? intent.id,
    settledAttempt: Math.max(payment.settledAttempt, settles),
    ...(settles >= payment.attempt ? { paymentToken: null } : {}),
  };
}

async function capture(
  tx: Tx,
  deps: PaymentDeps,
  payment: Payment,
  known: Partial<Payment>,
  intent: IntentFacts,
): Promise<Payment> {
  const at = new Date();
  const version = payment.version + 1;
  const [saved] = await Promise.all([
    save(tx, deps, payment, {
      ...known,
      status: moved(payment, 'succeeded'),
      capturedCents: payment.amountCents,
      succeededAt: at,
      settledAttempt: payment.attempt,
      paymentToken: null,
      nextActionUrl: null,
      errorCode: null,
      errorDetail: null,
      cancelReason: null,
      version,
    }),
    postJournal(tx, {
      kind: 'capture',
      ref: intent.id,
      payment,
      entries: captureEntries('stripe_clearing', payment.amountCents, payment.taxCents),
    }),
    tellSucceeded(tx, payment, version, at),
  ]);
  tx.onCommit(() => countCaptured(payment.amountCents, payment.currency));
  return saved;
}

/** The money belongs to the buyer from the first moment: it is booked as theirs and sent back. */
async function sendBack(tx: Tx, deps: PaymentDeps, payment: Payment, intent: IntentFacts): Promise<void> {
  const posted = await postJournal(tx, {
    kind: 'late_capture',
    ref: intent.id,
    payment,
    entries: lateCaptureEntries(payment.amountCents),
  });
  if (!posted) return;
  await insertRefund(tx, {
    tenantId: tx.tenantId,
    id: newId('refund'),
    paymentId: payment.id,
    reasonKey: `late:${intent.id}`,
    amountCents: payment.amountCents,
    reason: 'late_capture',
    isLate: true,
    intentId: intent.id,
    requestedBy: 'system',
    dueAt: NOW,
  });
  tx.onCommit(() => lateCaptures.inc());
  deps.log.error(
    { payment_id: payment.id, intent_id: intent.id },
    'money came after the end, or for a second intent; it goes back',
  );
}

async function decline(
  tx: Tx,
  deps: PaymentDeps,
  payment: Payment,
  known: Partial<Payment>,
  { failure }: IntentFacts,
): Promise<Payment> {
  const { code, detail, mark } = failure ?? { code: 'payment_failed', detail: '', mark: '' };
  const version = payment.version + 1;
  const failures = payment.failures + 1;
  const [saved] = await Promise.all([
    save(tx, deps, payment, {
      ...known,
      status: moved(payment, 'requires_payment_method'),
      failures,
      lastFailure: mark,
      errorCode: code,
      errorDetail: detail,
      nextActionUrl: null,
      version,
    }),
    tellFailed(tx, payment, version, { attempt: failures, code, detail }),
  ]);
  tx.onCommit(() => paymentsBecame.inc({ outcome: 'declined' }));
  return saved;
}

/** Saves, and says when somebody has to look next. */
function save(tx: Tx, deps: PaymentDeps, payment: Payment, changes: Partial<Payment>): Promise<Payment> {
  const after: Payment = { ...payment, ...changes };
  return savePayment(tx, payment.id, {
    tries: isOpen(after.status) ? payment.tries : 0,
    ...changes,
    ...dueAfter(after, deps),
  });
}

function dueAfter(after: Payment, { settings }: PaymentDeps): Pick<PaymentChanges, 'dueAt' | 'lookAgain'> {
  const { PAYMENTS_RECONCILE_FIRST_SECONDS: first, PAYMENTS_RECONCILE_MAX_SECONDS: max } = settings;
  if (!isOpen(after.status)) return { lookAgain: false, dueAt: null };
  if (after.lookAgain) return { lookAgain: false, dueAt: NOW };
  const looked = { looked: true, createFinished: false, createSent: false };
  const isWaiting = nextStep(after, looked, new Date()) === 'wait';
  const seconds = isWaiting
    ? reconcileDelaySeconds(after.tries, first, max)
    : settings.PAYMENTS_LEASE_SECONDS;
  return { dueAt: secondsFromNow(seconds) };
}

/** @throws Error when the table of states has no such edge, which is a bug */
function moved(payment: Payment, status: PaymentStatus): PaymentStatus {
  if (status === payment.status || NEXT[payment.status].includes(status)) return status;
  throw new Error(`a payment that is ${payment.status} cannot become ${status}`);
}
