import type { EventDefinition } from '@zoco/contracts';
import type { Tx } from '@zoco/postgres';
import type { Received } from './delivery.ts';

/**
 * Handles one event inside the transaction that also marks it as handled: it takes effect once, however often it is
 * delivered. Returns, if it likes, what to do after the commit; that may be lost in a crash, so it can only be a hint.
 */
export type Handle<E extends EventDefinition> = (tx: Tx, event: Received<E>) => Promise<void | (() => void)>;

/** The same for events of one tenant that came together, at most one of each aggregate. When one of them fails, each is handled alone. */
export type HandleAll<E extends EventDefinition> = (
  tx: Tx,
  events: readonly Received<E>[],
) => Promise<void | (() => void)>;

/**
 * Whether all that `handle` would do is certain to be committed already. The event is then only noted in the inbox, together with
 * others.
 */
export type IsDone<E extends EventDefinition> = (event: Received<E>) => Promise<boolean>;

export interface EventHandler {
  readonly event: EventDefinition;
  readonly handle: Handle<EventDefinition>;
  readonly handleAll?: HandleAll<EventDefinition>;
  /** How long events wait for others to be handled with. */
  readonly gatherMs?: number | undefined;
  readonly isDone?: IsDone<EventDefinition> | undefined;
}

/** Binds a handler to its event. */
export function on<E extends EventDefinition>(event: E, handle: Handle<E>, isDone?: IsDone<E>): EventHandler {
  // The runner parses with this very definition before it calls the handler.
  return { event, handle, isDone };
}

/**
 * Binds a handler of many events at once: the busier a consumer is, the less each event costs.
 * @param gatherMs how long events wait for others, where nobody waits for what they do
 */
export function onTogether<E extends EventDefinition>(
  event: E,
  handleAll: HandleAll<E>,
  gatherMs?: number,
): EventHandler {
  return { event, handle: (tx: Tx, one: Received<E>) => handleAll(tx, [one]), handleAll, gatherMs };
}
