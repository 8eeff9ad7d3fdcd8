import type { PaymentMethod } from '@zoco/contracts';
import { isCaptured, isOpen, type PaymentStatus } from './payment.ts';

export interface WorkablePayment {
  readonly method: PaymentMethod;
  readonly status: PaymentStatus;
  readonly intentId: string | null;
  /** When a create may first have been sent; null when none was. */
  readonly intentCalledAt: Date | null;
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

/** Stripe forgets keys after 24 hours; a create repeated after that would be a second one. */
const KEY_HOURS = 23;

/** What to do next about a card payment: the same answer for whoever asks, so any number of workers may. */
export function nextStep(payment: WorkablePayment, run: RunSoFar, now: Date): Step {
  if (payment.method !== 'card') return 'wait';
  if (!isOpen(payment.status)) return stepAfterEnd(payment, run);
  if (payment.intentId === null) return stepWithoutIntent(payment, run, now);
  if (payment.cancelReason !== null) return 'cancel';
  if (payment.attempt > payment.settledAttempt) return 'confirm';
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
  const ageHours = (now.getTime() - called.getTime()) / 3_600_000;
  if (run.createFinished || ageHours >= KEY_HOURS) return 'find';
  return isEnding && !run.createSent ? 'burn' : 'create';
}
