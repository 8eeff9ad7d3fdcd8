import type { Envelope, ServiceName } from '@zoco/contracts';
import type { Id, TenantId } from '@zoco/kernel';

/** A row of an outbox as the relay reads it. */
export interface OutboxRow {
  readonly seq: string;
  readonly tenant_id: TenantId;
  readonly id: Id<'event'>;
  readonly type: string;
  readonly aggregate_id: string;
  readonly aggregate_version: number;
  readonly data: unknown;
  readonly traceparent: string | null;
  readonly created_at: string;
}

/** The message of an event: the same row always gives the same bytes, so a replay is an exact repetition. */
export function toMessage(producer: ServiceName, row: OutboxRow): { subject: string; payload: string } {
  const envelope: Envelope = {
    specversion: '1.0',
    id: row.id,
    source: `/zoco/${producer}`,
    type: row.type,
    subject: row.aggregate_id,
    time: new Date(row.created_at).toISOString(),
    datacontenttype: 'application/json',
    tenantid: row.tenant_id,
    aggregateversion: row.aggregate_version,
    ...(row.traceparent ? { traceparent: row.traceparent } : {}),
    data: row.data,
  };
  return { subject: `zoco.${producer}.${row.type}.${row.tenant_id}`, payload: JSON.stringify(envelope) };
}
