/** Consecutive failures that cost nothing: people mistype. */
const FREE_FAILURES = 5;
const DELAY_SECONDS_MAX = 60;
// A steady attack. With it nobody gets more than 36 guesses an hour at one account.
const STEADY_FAILURES = 15;
const STEADY_DELAY_SECONDS = 150;

/** An account's failures are forgotten after this time without another one. */
export const ACCOUNT_MEMORY_SECONDS = 3600;
/** Failures per address and per tenant are counted in windows of this length. */
export const WINDOW_SECONDS = 900;
export const ADDRESS_FAILURES_MAX = 30;
export const TENANT_FAILURES_MAX = 300;

/** How often sign-in failed, and how long ago the first and the last failure were. */
export interface FailureCount {
  readonly failures: number;
  readonly sinceFirstSeconds: number;
  readonly sinceLastSeconds: number;
}

export interface FailureCounts {
  readonly account: FailureCount | undefined;
  /** Network address and tenant; not counted where the user has signed in before. */
  readonly address: FailureCount | undefined;
  readonly tenant: FailureCount | undefined;
}

/**
 * Pause after that many failures in a row: none, then 1, 2, 4 … 60 seconds, and 150 against one who does not give up.
 * It grows and never locks: whoever waits may try again (OWASP ASVS 6.1.1, 6.3.1).
 */
export function delayAfterSeconds(failures: number): number {
  if (failures < FREE_FAILURES) return 0;
  if (failures >= STEADY_FAILURES) return STEADY_DELAY_SECONDS;
  return Math.min(DELAY_SECONDS_MAX, 2 ** (failures - FREE_FAILURES));
}

/** Whole seconds until the next try will be looked at; 0 when it may come now. */
export function loginWaitSeconds({ account, address, tenant }: FailureCounts): number {
  return Math.max(
    accountWait(account),
    windowWait(address, ADDRESS_FAILURES_MAX),
    windowWait(tenant, TENANT_FAILURES_MAX),
  );
}

function accountWait(count: FailureCount | undefined): number {
  if (count === undefined || count.sinceLastSeconds >= ACCOUNT_MEMORY_SECONDS) return 0;
  return Math.max(0, Math.ceil(delayAfterSeconds(count.failures) - count.sinceLastSeconds));
}

function windowWait(count: FailureCount | undefined, failuresMax: number): number {
  if (count === undefined || count.failures < failuresMax) return 0;
  return Math.max(0, Math.ceil(WINDOW_SECONDS - count.sinceFirstSeconds));
}
