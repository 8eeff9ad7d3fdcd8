import { type RollingCounts, sumOf, WINDOW_SECONDS } from './rolling-counts.ts';

/** How one try at a service ended without a usable answer. */
export type TryFailure =
  /** Nothing was sent: the connection could not be made. */
  | 'not_sent'
  /** The connection broke before an answer came. */
  | 'broken'
  /** Answered 502, 503 or 504 without saying when to come back. */
  | 'unavailable';

export interface Attempt {
  readonly method: string;
  /** Retries made so far. */
  readonly retries: number;
  readonly failure: TryFailure;
  readonly timeLeftMs: number;
  readonly counts: RollingCounts;
  readonly nowMs: number;
}

const GET_RETRIES_MAX = 2;
const RETRY_SHARE = 0.2;
const RETRIES_PER_SECOND = 10;
const TIME_LEFT_MIN_MS = 100;

/**
 * Whether to try again. GET and HEAD: twice. All others: once, and only when the service has seen nothing of it, as when a
 * pod is being replaced. Both within a budget of a fifth of the requests plus ten a second, so that retries never make an
 * overload worse.
 */
export function mayRetry({ method, retries, failure, timeLeftMs, counts, nowMs }: Attempt): boolean {
  const safe = method === 'GET' || method === 'HEAD';
  const allowed = safe ? retries < GET_RETRIES_MAX : failure === 'not_sent' && retries < 1;
  return allowed && timeLeftMs >= TIME_LEFT_MIN_MS && hasBudget(counts, nowMs);
}

/** Whether the retries of the last ten seconds leave room for one more. */
export function hasBudget(counts: RollingCounts, nowMs: number): boolean {
  const budget = RETRY_SHARE * sumOf(counts, 'requests', nowMs) + RETRIES_PER_SECOND * WINDOW_SECONDS;
  return sumOf(counts, 'retries', nowMs) < budget;
}

/** What the status of an answer says about the service: failures of the breaker, and what a GET is repeated for. */
export function isServiceFailure(status: number): boolean {
  return status >= 500;
}

/** The service refuses this one for now (its queue for one account is full): that says nothing of the others, for or against. */
export function isShed(status: number, retryAfter: string | undefined): boolean {
  return status === 503 && retryAfter !== undefined;
}

/** With Retry-After the service has said when to come back, and that is the client's to decide. */
export function isUnavailable(status: number, retryAfter: string | undefined): boolean {
  return (status === 502 || status === 503 || status === 504) && retryAfter === undefined;
}
