import type { EventDefinition, EventInput } from '@zoco/contracts';
import { newId } from '@zoco/kernel';
import type { Tx } from '@zoco/postgres';
import { currentTraceparent } from '@zoco/service';
import type { Received } from './delivery.ts';

/** What an event comes of: a received one, by its trace. */
export type Cause = Pick<Received<EventDefinition>, 'traceparent'>;

/** One event of an aggregate: its id and the version that the change gave it. */
export interface EventRecord<E extends EventDefinition> {
  readonly aggregateId: string;
  readonly version: number;
  readonly data: EventInput<E>;
  /** The event that led to this one, where many are handled together and each belongs to the trace of its own. */
  readonly cause?: Cause | undefined;
}

/** Raised by the commit of an event; wakes the relay of this process. */
export const OUTBOX_SIGNAL = 'outbox';

/**
 * Records an event in the transaction that made it true: both commit or neither does. Call it after the update of the
 * aggregate's row, whose lock makes the order of events the order of commits. The statement travels with what follows.
 * @throws ZodError when the data does not fit the event, which is a bug
 */
export function record<E extends EventDefinition>(tx: Tx, event: E, one: EventRecord<E>): Promise<void> {
  return recordAll(tx, event, [one]);
}

/** The same for many aggregates in one statement. */
export async function recordAll<E extends EventDefinition>(
  tx: Tx,
  event: E,
  records: readonly EventRecord<E>[],
): Promise<void> {
  const active = currentTraceparent();
  const rows = records.map(({ aggregateId, version, data, cause }) => ({
    id: newId('event'),
    aggregate_id: aggregateId,
    aggregate_version: version,
    data: event.data.parse(data),
    traceparent: active ?? cause?.traceparent ?? null,
  }));
  const [row, ...others] = rows;
  if (row === undefined) return;
  const { sql, tenantId } = tx;
  const columns = sql`tenant_id, id, type, aggregate_id, aggregate_version, data, traceparent`;
  tx.defer(
    others.length === 0
      ? // Nearly all of them; for one row a set takes a third longer.
        sql`
          insert into outbox (${columns})
          values (${tenantId}, ${row.id}, ${event.type}, ${row.aggregate_id}, ${row.aggregate_version},
                  ${JSON.stringify(row.data)}::text::jsonb, ${row.traceparent})`
      : sql`
          insert into outbox (${columns})
          select ${tenantId}, r.id, ${event.type}, r.aggregate_id, r.aggregate_version, r.data, r.traceparent
          from jsonb_to_recordset(${JSON.stringify(rows)}::text::jsonb)
            as r(id text, aggregate_id text, aggregate_version int, data jsonb, traceparent text)`,
  );
  tx.raise(OUTBOX_SIGNAL);
}
