import { assertNever } from '@zoco/kernel';
import { secondsFromNow, type Tx } from '@zoco/postgres';
import { lockPayment, type Payment, savePayment } from '../db/payments.ts';
import { attention } from '../metrics.ts';
import type { PaymentDeps } from '../payment-deps.ts';
import type { RunSoFar, Step } from '../rules/next-step.ts';
import type { IntentFacts } from '../rules/observation.ts';
import { isCaptured, isOpen } from '../rules/payment.ts';
import { mayStillRun } from '../rules/stripe-keys.ts';
import type { Outcome } from '../stripe-outcome.ts';
import { applyIntent } from './apply-intent.ts';
import { closePayment } from './close-payment.ts';
import { compareRefunds } from './compare-refunds.ts';
import { forgetCreate, markCalled, postpone, refuseAttempt } from './note-call.ts';

/** What a step changed. `stop` ends the run: the rest is for a later one. */
export type Taken =
  | { readonly stop: true }
  | { readonly stop: false; readonly payment: Payment; readonly learned: Partial<RunSoFar> };

const STOP: Taken = { stop: true };
const goOn = (payment: Payment, learned: Partial<RunSoFar> = {}): Taken => ({
  stop: false,
  payment,
  learned,
});

/** Takes one step and saves what came of it. */
export function takeStep(deps: PaymentDeps, payment: Payment, step: Exclude<Step, 'wait'>): Promise<Taken> {
  switch (step) {
    case 'drop':
      return drop(deps, payment);
    case 'create':
      return create(deps, payment);
    case 'burn':
      return burn(deps, payment);
    case 'find':
      return find(deps, payment);
    case 'confirm':
      return confirm(deps, payment);
    case 'cancel':
      return cancel(deps, payment);
    case 'retrieve':
      return retrieve(deps, payment);
    case 'compare_refunds':
      return compare(deps, payment);
    default:
      return assertNever(step);
  }
}

/** Runs `work` on the payment as it is now, locked. */
function locked(
  deps: PaymentDeps,
  payment: Payment,
  work: (tx: Tx, now: Payment) => Promise<Payment>,
): Promise<Payment> {
  const sharing = { kind: 'take-step', key: payment.id };
  return deps.db.transactTogether(payment.tenantId, sharing, async (tx) => {
    const now = await lockPayment(tx, payment.id);
    if (now === undefined) throw new Error('a payment is gone');
    const saved = await work(tx, now);
    deps.failpoint('before-payment-save-commit');
    return saved;
  });
}

/**
 * Saves what an answer shows. Only the first answer to a call of ours tells of a capture at once: any other may come long after it, and
 * after the events of its refunds, which could not be placed then.
 */
async function apply(
  deps: PaymentDeps,
  payment: Payment,
  intent: IntentFacts,
  settles: number,
  source: 'look' | 'call' = 'look',
): Promise<Taken> {
  const isRepeated = source === 'call' && payment.tries > 1;
  const saved = await locked(deps, payment, async (tx, now) => {
    const applied = await applyIntent(tx, deps, now, intent, settles);
    if (!isCaptured(applied.status) || (source === 'call' && !isRepeated)) return applied;
    return savePayment(tx, now.id, { dueAt: secondsFromNow(deps.settings.PAYMENTS_LEASE_SECONDS) });
  });
  deps.failpoint('after-payment-save');
  return goOn(saved, { looked: isCaptured(saved.status) ? saved.dueAt === null : !isRepeated });
}

/** The attempt that the create makes; 0 when it makes none. */
const attemptOfCreate = (payment: Payment): number => (payment.confirmOnCreate ? payment.attempt : 0);

async function later(deps: PaymentDeps, payment: Payment, outcome: Outcome<unknown>): Promise<Taken> {
  const error = outcome.kind === 'unknown' ? outcome.error : outcome;
  deps.log.warn(
    { err: error, payment_id: payment.id },
    'Stripe has not told how a call ended; it is asked again',
  );
  await locked(deps, payment, (tx, now) => postpone(tx, deps, now));
  return STOP;
}

async function drop(deps: PaymentDeps, payment: Payment): Promise<Taken> {
  const saved = await locked(deps, payment, async (tx, now) =>
    isOpen(now.status) && now.intentId === null && now.intentCalledAt === null ? closePayment(tx, now) : now,
  );
  return goOn(saved);
}

async function create(deps: PaymentDeps, payment: Payment): Promise<Taken> {
  // From here on a call may have been made, so this is written first.
  if (payment.intentCalledAt === null) return goOn(await locked(deps, payment, markCalled));
  const token = payment.confirmOnCreate ? payment.paymentToken : null;
  const settles = attemptOfCreate(payment);
  deps.failpoint('before-pi-create');
  const outcome = await deps.stripe.createIntent(payment, token);
  deps.failpoint('after-pi-create-before-save');
  switch (outcome.kind) {
    case 'done':
      return apply(deps, payment, outcome.value, settles, 'call');
    case 'refused':
      if (outcome.intent !== null) return apply(deps, payment, outcome.intent, settles, 'call');
      return refuseCreate(deps, payment, outcome);
    case 'key_taken':
      // By a burn, or by this very create with parameters that have changed since, which another replica may have under way.
      return find(deps, payment, { isOver: false });
    case 'finished':
      return goOn(payment, { createFinished: true });
    default:
      return later(deps, payment, outcome);
  }
}

async function refuseCreate(
  deps: PaymentDeps,
  payment: Payment,
  refusal: { code: string; detail: string },
): Promise<Taken> {
  const saved = await locked(deps, payment, (tx, now) => forgetCreate(tx, deps, now, payment, refusal));
  // The token was at fault: an intent without one can be had, for the next attempt.
  return payment.confirmOnCreate ? goOn(saved, { createFinished: saved.intentId !== null }) : STOP;
}

async function burn(deps: PaymentDeps, payment: Payment): Promise<Taken> {
  const outcome = await deps.stripe.burnCreate(payment);
  switch (outcome.kind) {
    case 'done':
      return apply(deps, payment, outcome.value, 0);
    case 'key_taken':
      return goOn(payment, { createSent: true });
    case 'finished':
      return goOn(payment, { createFinished: true });
    case 'refused':
      return goOn(await locked(deps, payment, (tx, now) => forgetCreate(tx, deps, now, payment, undefined)));
    default:
      return later(deps, payment, outcome);
  }
}

/** @param isOver whether the create is known to have ended, so that what is not there now will never be */
async function find(deps: PaymentDeps, payment: Payment, { isOver } = { isOver: true }): Promise<Taken> {
  const calledAt = payment.intentCalledAt ?? payment.createdAt;
  const outcome = await deps.stripe.findIntent(payment, calledAt);
  if (outcome.kind !== 'done') return later(deps, payment, outcome);
  if (outcome.value !== null) return apply(deps, payment, outcome.value, attemptOfCreate(payment));
  if (!isOver && mayStillRun(calledAt, new Date())) return later(deps, payment, outcome);
  const saved = await locked(deps, payment, (tx, now) => forgetCreate(tx, deps, now, payment, undefined));
  return goOn(saved, { createFinished: false, createSent: false });
}

async function confirm(deps: PaymentDeps, payment: Payment): Promise<Taken> {
  const { intentId, attempt, paymentToken } = payment;
  if (intentId === null || paymentToken === null) throw new Error('nothing to confirm with');
  const outcome = await deps.stripe.confirmIntent(payment, intentId, attempt, paymentToken);
  deps.failpoint('after-pi-confirm');
  switch (outcome.kind) {
    case 'done':
      return apply(deps, payment, outcome.value, attempt, 'call');
    case 'refused':
      if (outcome.intent !== null) return apply(deps, payment, outcome.intent, attempt);
      return goOn(await locked(deps, payment, (tx, now) => refuseAttempt(tx, now, attempt, outcome)), {
        looked: true,
      });
    case 'finished':
    case 'key_taken':
      return look(deps, payment, attempt);
    default:
      return later(deps, payment, outcome);
  }
}

async function cancel(deps: PaymentDeps, payment: Payment): Promise<Taken> {
  if (payment.intentId === null) throw new Error('nothing to cancel');
  const outcome = await deps.stripe.cancelIntent(payment, payment.intentId, payment.tries);
  deps.failpoint('after-pi-cancel');
  if (outcome.kind === 'unknown') return later(deps, payment, outcome);
  const intent = outcome.kind === 'done' ? outcome.value : outcome.kind === 'refused' ? outcome.intent : null;
  const taken = intent === null ? await look(deps, payment, 0) : await apply(deps, payment, intent, 0);
  // What cannot be canceled at the moment (it is processing) is asked again later.
  return taken.stop || isOpen(taken.payment.status) ? STOP : taken;
}

const retrieve = (deps: PaymentDeps, payment: Payment) => look(deps, payment, attemptOfCreate(payment));

async function look(deps: PaymentDeps, payment: Payment, settles: number): Promise<Taken> {
  const outcome = await deps.stripe.retrieveIntent(payment.intentId ?? '');
  if (outcome.kind === 'done') return apply(deps, payment, outcome.value, settles);
  if (outcome.kind === 'refused') attention.inc({ reason: 'provider_refused_us' });
  return later(deps, payment, outcome);
}

async function compare(deps: PaymentDeps, payment: Payment): Promise<Taken> {
  const outcome = await deps.stripe.listRefunds(payment.intentId ?? '');
  if (outcome.kind !== 'done') return later(deps, payment, outcome);
  const { value } = outcome;
  let looked = true;
  const saved = await locked(deps, payment, async (tx, now) => {
    // Saved since, the payment may know more than the list, which a replica that stood still can hold for long: it is asked for again.
    looked = now.updatedAt.getTime() === payment.updatedAt.getTime();
    return looked ? compareRefunds(tx, deps, now, value) : now;
  });
  return goOn(saved, { looked });
}
