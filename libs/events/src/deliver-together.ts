import type { EventDefinition } from '@zoco/contracts';
import type { TenantId } from '@zoco/kernel';
import type { Tx } from '@zoco/postgres';
import { isSampled } from '@zoco/service';
import { deliver, type Incoming, observeLag, type Subscription, WORKING_MS } from './deliver.ts';
import { Poison, type Received } from './delivery.ts';
import type { HandleAll } from './event-handler.ts';
import { handled, handleDuration } from './metrics.ts';

/** One that can be handled together with others. */
interface Member {
  readonly incoming: Incoming;
  readonly event: Received<EventDefinition>;
}

/**
 * Handles deliveries of one tenant in one transaction. By itself goes what cannot be read, what was tried before and may fail again, and
 * what belongs to a trace that is recorded, which shows what its own event did. Never rejects.
 */
export async function deliverTogether(
  batch: readonly Incoming[],
  handleAll: HandleAll<EventDefinition>,
  subscription: Subscription,
): Promise<void> {
  const members: Member[] = [];
  const singles: Incoming[] = [];
  for (const incoming of batch) {
    const { message, received } = incoming;
    if (received instanceof Poison || message.redelivered || isTraced(incoming)) singles.push(incoming);
    else members.push({ incoming, event: received.event });
  }
  if (members.length === 1) singles.push(...members.splice(0).map(({ incoming }) => incoming));
  await Promise.all([
    handleMembers(members, handleAll, subscription),
    ...singles.map((incoming) => deliver(incoming, subscription)),
  ]);
}

function isTraced({ received }: Incoming): boolean {
  if (received instanceof Poison) return false;
  return isSampled(received.event.traceparent ?? '');
}

async function handleMembers(
  members: readonly Member[],
  handleAll: HandleAll<EventDefinition>,
  subscription: Subscription,
): Promise<void> {
  const [first] = members;
  if (first === undefined) return;
  const { durable, options } = subscription;
  const startedMs = performance.now();
  const working = setInterval(() => {
    for (const { incoming } of members) incoming.message.working();
  }, WORKING_MS);
  try {
    const events = members.map(({ event }) => event);
    const duplicates = await handleOnce(first.event.tenantId, events, handleAll, subscription);
    options.failpoint?.('after-handle-before-ack');
    const seconds = (performance.now() - startedMs) / 1000;
    for (const { incoming, event } of members) {
      incoming.message.ack();
      subscription.tries.forget(incoming.message);
      handleDuration.observe({ consumer: durable }, seconds);
      handled.inc({ consumer: durable, outcome: duplicates.has(event.id) ? 'duplicate' : 'done' });
    }
  } catch {
    // One of them, or none: whose fault it is shows when each is handled for itself.
    await Promise.all(members.map(({ incoming }) => deliver(incoming, subscription)));
  } finally {
    clearInterval(working);
  }
}

/** @returns ids of those that had been handled before */
async function handleOnce(
  tenantId: TenantId,
  events: readonly Received<EventDefinition>[],
  handleAll: HandleAll<EventDefinition>,
  { durable, options }: Subscription,
): Promise<ReadonlySet<string>> {
  const duplicates = new Set<string>();
  const run = (fresh: readonly Received<EventDefinition>[]) =>
    options.db.transactOnce(tenantId, (tx) => markAndHandle(tx, durable, fresh, handleAll));
  let fresh = events;
  for (;;) {
    try {
      const hint = await run(fresh);
      for (const event of fresh) observeLag(durable, event);
      hint?.();
      return duplicates;
    } catch (error) {
      if (!(error instanceof SomeHandled)) throw error;
      const left = fresh.filter(({ id }) => error.fresh.has(id));
      for (const { id } of fresh) if (!error.fresh.has(id)) duplicates.add(id);
      if (left.length === 0) return duplicates;
      fresh = left;
    }
  }
}

/** Thrown to roll back what the handler began before it was known that some of its events had been handled. */
class SomeHandled extends Error {
  readonly fresh: ReadonlySet<string>;
  constructor(fresh: ReadonlySet<string>) {
    super('some of the events have been handled before');
    this.fresh = fresh;
  }
}

async function markAndHandle(
  tx: Tx,
  durable: string,
  events: readonly Received<EventDefinition>[],
  handleAll: HandleAll<EventDefinition>,
): Promise<void | (() => void)> {
  // In one order, so that two batches with the same events do not wait for each other.
  const ids = events.map(({ id }) => id).toSorted();
  // Goes out in one packet with what the handler says first, and runs before it. Blocks while a twin is being handled.
  const marking = tx.sql<{ event_id: string }[]>`
    insert into inbox (tenant_id, consumer, event_id)
    select ${tx.tenantId}, ${durable}, id from unnest(${ids}::text[]) as id
    on conflict do nothing returning event_id`.execute();
  const handling = handleAll(tx, events);
  handling.catch(() => {});
  const marked = await marking;
  if (marked.length < events.length) throw new SomeHandled(new Set(marked.map(({ event_id: id }) => id)));
  return handling;
}
