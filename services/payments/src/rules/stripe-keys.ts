/*
 * Idempotency keys of calls to Stripe: derived, never random, so that whoever repeats a call repeats the same one. A version is
 * raised only when it is certain that the call before had no effect.
 */

export const createKey = (environment: string, orderId: string, version: number) =>
  `pi:${environment}:${orderId}:v${version}`;

export const confirmKey = (environment: string, orderId: string, attempt: number) =>
  `pc:${environment}:${orderId}:${attempt}`;

/** A refused cancel keeps its refusal under its key, so each try has its own; canceling twice changes nothing. */
export const cancelKey = (environment: string, orderId: string, tries: number) =>
  `px:${environment}:${orderId}:${tries}`;

export const refundKey = (environment: string, refundId: string, version: number) =>
  `re:${environment}:${refundId}:v${version}`;

export const lateRefundKey = (environment: string, intentId: string, version: number) =>
  `re:${environment}:${intentId}:late:v${version}`;

/** Stripe forgets keys after 24 hours; a call repeated after that would be a second one. */
const KEY_HOURS = 23;

/** Whether a key may be forgotten that was first used at `usedAt`, or later: look for what it made before it is used again. */
export const mayBeForgotten = (usedAt: Date, now: Date) =>
  now.getTime() - usedAt.getTime() >= KEY_HOURS * 3_600_000;

/** No call takes longer, with what its client waits and repeats. */
const CALL_MINUTES = 5;

/** Whether a call that was first made at `calledAt` may not have ended: to find nothing of it says nothing then. */
export const mayStillRun = (calledAt: Date, now: Date) =>
  now.getTime() - calledAt.getTime() < CALL_MINUTES * 60_000;
