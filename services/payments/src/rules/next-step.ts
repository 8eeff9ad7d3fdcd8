import type { PaymentMethod } from '@zoco/contracts';
import { isCaptured, isOpen, type PaymentStatus } from './payment.ts';
import { mayBeForgotten } from './stripe-keys.ts';

export interface WorkablePayment {
  readonly method: PaymentMethod;
  readonly status: PaymentStatus;
  readonly intentId: string | null;
  /** When a create may first have been sent; null when none was. */
  readonly intentCalledAt: Date | null;
  /** Whether the last attempt is made by the create itself. */
  readonly confirmOnCreate: boolean;
  readonly attempt: number;
  readonly settledAttempt: number;
  readonly cancelReason: string | null;
}

/** What was already learned in this run of work. */
export interface RunSoFar {
  /** The intent was looked at: only what was decided since is left to do. */
  readonly looked: boolean;
  /** The create was answered before, with an answer that says nothing. */
  readonly createFinished: boolean;
  /** The key of the create is taken by the create itself. */
  readonly createSent: boolean;
}

export type Step =
  | 'wait'
  /** Ends it without a call: the provider never heard of it. */
  | 'drop'
  | 'create'
  /** Uses up the key of a create whose fate is unknown, so that it can no longer charge. */
  | 'burn'
  /** Searches the provider's list for an intent that may exist. */
  | 'find'
  | 'confirm'
  | 'cancel'
  | 'retrieve'
  | 'compare_refunds';

/** What to do next about a card payment: the same answer for whoever asks, so any number of workers may. */
export function nextStep(payment: WorkablePayment, run: RunSoFar, now: Date): Step {
  if (payment.method !== 'card') return 'wait';
  if (!isOpen(payment.status)) return stepAfterEnd(payment, run);
  if (payment.intentId === null) return stepWithoutIntent(payment, run, now);
  if (payment.cancelReason !== null) return 'cancel';
  if (payment.attempt > payment.settledAttempt) return stepOfAttempt(payment, run, now);
  return run.looked ? 'wait' : 'retrieve';
}

/**
 * An event may tell of the intent before the create's own answer does. The attempt that the create makes is over then, or under way: to
 * confirm would be another one. The create, repeated, is given its answer; where that is not to be had, the intent shows how it ended.
 */
function stepOfAttempt(payment: WorkablePayment, run: RunSoFar, now: Date): Step {
  if (!payment.confirmOnCreate) return 'confirm';
  const called = payment.intentCalledAt;
  if (called !== null && isRepeatable(called, run, now)) return 'create';
  return run.looked ? 'wait' : 'retrieve';
}

/** What is over is only worked on because something happened to it: money went back, or came although nothing was owed. */
function stepAfterEnd({ status, intentId }: WorkablePayment, { looked }: RunSoFar): Step {
  if (looked || intentId === null) return 'wait';
  return isCaptured(status) ? 'compare_refunds' : 'retrieve';
}

function stepWithoutIntent(payment: WorkablePayment, run: RunSoFar, now: Date): Step {
  const called = payment.intentCalledAt;
  const isEnding = payment.cancelReason !== null;
  if (called === null) return isEnding ? 'drop' : 'create';
  if (!isRepeatable(called, run, now)) return 'find';
  return isEnding && !run.createSent ? 'burn' : 'create';
}

/** Whether the create, sent again, is certain to be the same one and may tell something. */
const isRepeatable = (called: Date, run: RunSoFar, now: Date) =>
  !run.createFinished && !mayBeForgotten(called, now);
