import { isDeepStrictEqual } from 'node:util';
import type { ServiceName } from '@zoco/contracts';
import { assertNever } from '@zoco/kernel';

/** The processes that are kept running: the services, and what stands in for Stripe. */
export type UnitName = ServiceName | 'stripe';

/** What can be said of a process that Zoco keeps running. */
export type UnitState =
  | { readonly kind: 'starting' }
  | { readonly kind: 'ready'; readonly afterMs: number; readonly pid: number; readonly place: string }
  | { readonly kind: 'not_ready'; readonly detail: string }
  | { readonly kind: 'ended'; readonly detail: string; readonly retryMs: number }
  | { readonly kind: 'stopped' };

/** The state of one unit, which can be waited for. */
export interface StateCell {
  readonly now: UnitState;
  set(next: UnitState): void;
  /** Resolves at the next change, or when the signal aborts. */
  changed(signal: AbortSignal): Promise<void>;
}

/** @param onState told each change, and nothing else */
export function createStateCell(onState: (state: UnitState) => void): StateCell {
  let now: UnitState = { kind: 'stopped' };
  let change = Promise.withResolvers<void>();
  return {
    get now() {
      return now;
    },
    set(next) {
      if (isDeepStrictEqual(next, now)) return;
      now = next;
      onState(next);
      change.resolve();
      change = Promise.withResolvers();
    },
    async changed(signal) {
      const aborted = Promise.withResolvers<void>();
      const abort = () => aborted.resolve();
      signal.addEventListener('abort', abort);
      if (!signal.aborted) await Promise.race([change.promise, aborted.promise]);
      signal.removeEventListener('abort', abort);
    },
  };
}

/** A state in the words of the status line. */
export function describeState(state: UnitState): string {
  switch (state.kind) {
    case 'starting':
      return 'starting';
    case 'ready':
      return `ready in ${(state.afterMs / 1000).toFixed(1)} s  ${state.place}  pid ${state.pid}`;
    case 'not_ready':
      return `not ready: ${state.detail}`;
    case 'ended':
      return `ended (${state.detail}), again in ${state.retryMs / 1000} s`;
    case 'stopped':
      return 'stopped';
    default:
      return assertNever(state);
  }
}
