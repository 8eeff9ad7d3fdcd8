import type { EventRecord } from './records.ts';
import type { World } from './world.ts';

/** One thing that happened to money, as an outside witness of what was charged and given back. */
export interface MoneyMove {
  readonly type: string;
  readonly at: number;
  readonly amount: number;
  readonly currency: string;
  readonly payment_intent: string;
  readonly charge: string | null;
  readonly refund: string | null;
  readonly metadata: Readonly<Record<string, string>>;
  readonly idempotency_key: string | null;
}

const TYPES = new Set([
  'payment_intent.created',
  'payment_intent.canceled',
  'charge.succeeded',
  'charge.failed',
  'refund.created',
  'refund.failed',
]);

export interface JournalFilter {
  readonly order_id?: string;
  readonly tenant?: string;
  readonly payment_intent?: string;
  readonly type?: string;
}

/** What happened to money, oldest first. Filters compare `metadata[order_id]`, `metadata[tenant]`, intent and type. */
export function moneyJournal(world: World, filter: JournalFilter = {}): MoneyMove[] {
  const moves: MoneyMove[] = [];
  for (const event of world.store.all('event')) {
    if (!TYPES.has(event.type)) continue;
    const move = toMove(world, event);
    if (matches(move, filter)) moves.push(move);
  }
  return moves;
}

function toMove(world: World, event: EventRecord): MoneyMove {
  const { object, record } = event.snapshot;
  const intentId = object === 'payment_intent' ? record.id : record.intentId;
  return {
    type: event.type,
    at: event.created,
    amount: record.amount,
    currency: record.currency,
    payment_intent: intentId,
    charge: object === 'charge' ? record.id : object === 'refund' ? record.chargeId : null,
    refund: object === 'refund' ? record.id : null,
    // A refund carries what its caller gave it; whose money it is the intent tells.
    metadata: { ...world.store.get('payment_intent', intentId)?.metadata, ...record.metadata },
    idempotency_key: event.idempotencyKey,
  };
}

function matches(move: MoneyMove, filter: JournalFilter): boolean {
  return (
    (filter.order_id === undefined || move.metadata['order_id'] === filter.order_id) &&
    (filter.tenant === undefined || move.metadata['tenant'] === filter.tenant) &&
    (filter.payment_intent === undefined || move.payment_intent === filter.payment_intent) &&
    (filter.type === undefined || move.type === filter.type)
  );
}
