import { randomBytes } from 'node:crypto';
import type { SandboxOptions } from './config.ts';
import type { EventRecord, Snapshot } from './records.ts';
import type { Store } from './store.ts';

/** One test account: its records, its clock and who hears of its events. */
export interface World {
  readonly options: SandboxOptions;
  readonly store: Store;
  /** Where the sandbox listens, for links to its own pages. */
  readonly baseUrl: () => string;
  /** Seconds since 1970, as Stripe counts. */
  readonly now: () => number;
  readonly onEvent: (event: EventRecord) => void;
}

/** The request that causes a change; undefined for what happens by itself or through the control routes. */
export interface Cause {
  readonly requestId: string;
  readonly idempotencyKey: string | undefined;
}

const ALPHABET = 'abcdefghijkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ0123456789';

/** An id of the form that Stripe gives: `pi_3` and 24 letters and digits. */
export function stripeId(prefix: string, length = 24): string {
  let id = '';
  for (const byte of randomBytes(length)) id += ALPHABET.charAt(byte % ALPHABET.length);
  return `${prefix}${id}`;
}

/** Records that something happened; its webhook goes out after the request is answered. */
export function emit(world: World, type: string, snapshot: Snapshot, cause: Cause | undefined): void {
  const event: EventRecord = {
    id: stripeId('evt_3'),
    type,
    created: world.now(),
    snapshot,
    requestId: cause?.requestId ?? null,
    idempotencyKey: cause?.idempotencyKey ?? null,
  };
  world.store.put('event', event);
  world.onEvent(event);
}
