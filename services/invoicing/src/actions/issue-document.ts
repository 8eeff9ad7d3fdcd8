import { createHash } from 'node:crypto';
import { creditNoteIssued, invoiceIssued } from '@zoco/contracts';
import { record } from '@zoco/events';
import { canonicalJson, type Id, newId } from '@zoco/kernel';
import type { Tx } from '@zoco/postgres';
import { documentsIssued } from '../metrics.ts';
import { documentNumber, seriesOf } from '../rules/numbering.ts';
import type { DocumentDraft, DocumentSnapshot } from '../rules/snapshot.ts';

/** What a document belongs to. */
export interface DocumentContext {
  readonly orderId: Id<'order'>;
  readonly userId: Id<'user'> | null;
  readonly customerId: Id<'customer'> | null;
  /** One order, refund or cancellation has one document: the unique index holds it. */
  readonly sourceKey: string;
  readonly timeZone: string;
  readonly corrects: Id<'invoice'> | null;
  readonly refundId: Id<'refund'> | null;
}

/**
 * Gives a draft the next number of its series and stores it for good. The counter row stays locked until the transaction
 * ends, and a rollback takes the number back: numbers run 1, 2, 3 … without gaps.
 */
export async function issueDocument(
  tx: Tx,
  draft: DocumentDraft,
  context: DocumentContext,
): Promise<Id<'invoice'>> {
  const series = seriesOf(draft.kind);
  const { year, sequence, issuedAt, issuedOn, dueOn } = await nextNumber(
    tx,
    series,
    context.timeZone,
    draft.payment.terms_days,
  );
  const snapshot: DocumentSnapshot = {
    ...draft,
    number: documentNumber(series, year, sequence),
    issued_at: issuedAt,
    issued_on: issuedOn,
    payment: { ...draft.payment, due_on: dueOn },
  };
  const text = canonicalJson(snapshot);
  const sha256 = createHash('sha256').update(text).digest('hex');
  const id = newId('invoice');
  const dueAt = dueOn === null ? null : `${dueOn}T23:59:59.000Z`;
  // With the event and the COMMIT in one packet, so that the counter is locked for one round trip and not for three.
  tx.defer(tx.sql`
    insert into documents (tenant_id, id, kind, series, year, sequence, number, order_id, user_id, customer_id, source_key,
                           corrects_id, currency, total_cents, issued_at, due_at, snapshot, sha256)
    values (${tx.tenantId}, ${id}, ${snapshot.kind}, ${series}, ${year}, ${sequence}, ${snapshot.number}, ${context.orderId},
            ${context.userId}, ${context.customerId}, ${context.sourceKey}, ${context.corrects}, ${snapshot.currency},
            ${snapshot.total_cents}, ${issuedAt}::text::timestamptz, ${dueAt}::text::timestamptz, ${text}::text::jsonb, ${sha256})`);
  await recordIssued(tx, id, snapshot, context, { issuedAt, dueAt });
  tx.onCommit(() => documentsIssued.inc({ kind: snapshot.kind }));
  return id;
}

function recordIssued(
  tx: Tx,
  id: Id<'invoice'>,
  snapshot: DocumentSnapshot,
  context: DocumentContext,
  times: { issuedAt: string; dueAt: string | null },
): Promise<void> {
  const data = {
    invoice_id: id,
    number: snapshot.number,
    order_id: context.orderId,
    customer_id: context.customerId,
    currency: snapshot.currency,
    total_cents: snapshot.total_cents,
    issued_at: times.issuedAt,
  };
  if (context.corrects === null) {
    return record(tx, invoiceIssued, { aggregateId: id, version: 1, data: { ...data, due_at: times.dueAt } });
  }
  return record(tx, creditNoteIssued, {
    aggregateId: id,
    version: 1,
    data: { ...data, corrects_invoice_id: context.corrects, refund_id: context.refundId },
  });
}

/**
 * The database's clock decides the day, in the tenant's time zone; the year belongs to the number. A later number is never of an
 * earlier moment: whoever waited for the counter takes the time of the one before.
 */
async function nextNumber(tx: Tx, series: string, timeZone: string, termsDays: number | null) {
  const [row] = await tx.sql<
    { year: number; sequence: number; issued_at: string; issued_on: string; due_on: string | null }[]
  >`
    insert into number_series as n (tenant_id, series, year, last, last_issued_at)
    select ${tx.tenantId}, ${series}, extract(year from at at time zone ${timeZone})::int, 1, at
    from (select date_trunc('milliseconds', clock_timestamp()) as at) as moment
    on conflict (tenant_id, series, year) do update
      set last = n.last + 1, last_issued_at = greatest(n.last_issued_at, excluded.last_issued_at)
    returning year, last as sequence,
      to_char(last_issued_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as issued_at,
      to_char(last_issued_at at time zone ${timeZone}, 'YYYY-MM-DD') as issued_on,
      to_char((last_issued_at at time zone ${timeZone}) + make_interval(days => ${termsDays}::int), 'YYYY-MM-DD') as due_on`;
  if (row === undefined) throw new Error('the counter gave no number');
  return {
    year: row.year,
    sequence: row.sequence,
    issuedAt: row.issued_at,
    issuedOn: row.issued_on,
    dueOn: row.due_on,
  };
}
