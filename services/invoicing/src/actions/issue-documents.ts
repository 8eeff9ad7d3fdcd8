import { createHash } from 'node:crypto';
import { creditNoteIssued, invoiceIssued } from '@zoco/contracts';
import { type Cause, recordAll } from '@zoco/events';
import { canonicalJson, type Id, newId } from '@zoco/kernel';
import type { Tx } from '@zoco/postgres';
import { documentsIssued } from '../metrics.ts';
import { documentNumber, seriesOf } from '../rules/numbering.ts';
import type { DocumentDraft, DocumentSnapshot } from '../rules/snapshot.ts';

/** A draft, and what it belongs to. */
export interface NewDocument {
  readonly draft: DocumentDraft;
  readonly orderId: Id<'order'>;
  readonly userId: Id<'user'> | null;
  readonly customerId: Id<'customer'> | null;
  /** One order, refund or cancellation has one document: the unique index holds it. */
  readonly sourceKey: string;
  readonly corrects: Id<'invoice'> | null;
  readonly refundId: Id<'refund'> | null;
  readonly cause?: Cause | undefined;
}

interface IssuedDocument extends NewDocument {
  readonly id: Id<'invoice'>;
  readonly sequence: number;
  readonly snapshot: DocumentSnapshot;
  readonly issuedAt: string;
  readonly dueAt: string | null;
}

/**
 * Gives drafts of one kind the next numbers of its series and stores them for good. The counter row stays locked until the transaction
 * ends, and a rollback takes the numbers back: they run 1, 2, 3 … without gaps.
 * @param documents in the order of their numbers
 */
export async function issueDocuments(
  tx: Tx,
  kind: DocumentSnapshot['kind'],
  timeZone: string,
  documents: readonly NewDocument[],
): Promise<void> {
  if (documents.length === 0) return;
  const series = seriesOf(kind);
  const terms = documents.map(({ draft }) => draft.payment.terms_days);
  const { year, first, issuedAt, issuedOn, dues } = await nextNumbers(tx, series, timeZone, terms);
  const issued = documents.map((document, index): IssuedDocument => {
    const { draft } = document;
    const due = dues[index] ?? null;
    const sequence = first + index;
    const snapshot = {
      ...draft,
      number: documentNumber(series, year, sequence),
      issued_at: issuedAt,
      issued_on: issuedOn,
      payment: { ...draft.payment, due_on: due?.on ?? null },
    };
    return { ...document, id: newId('invoice'), sequence, snapshot, issuedAt, dueAt: due?.at ?? null };
  });
  // With the events and the COMMIT in one packet, so that the counter is locked for one round trip and not for three.
  tx.defer(insertDocuments(tx, series, year, issued));
  await recordIssued(tx, issued);
  tx.onCommit(() => documentsIssued.inc({ kind }, issued.length));
}

function insertDocuments(tx: Tx, series: string, year: number, issued: readonly IssuedDocument[]) {
  const rows = issued.map((document) => {
    const text = canonicalJson(document.snapshot);
    return {
      id: document.id,
      kind: document.snapshot.kind,
      sequence: document.sequence,
      number: document.snapshot.number,
      order_id: document.orderId,
      user_id: document.userId,
      customer_id: document.customerId,
      source_key: document.sourceKey,
      corrects_id: document.corrects,
      currency: document.snapshot.currency,
      total_cents: document.snapshot.total_cents,
      issued_at: document.issuedAt,
      due_at: document.dueAt,
      snapshot: document.snapshot,
      sha256: createHash('sha256').update(text).digest('hex'),
    };
  });
  return tx.sql`
    insert into documents (tenant_id, series, year, id, kind, sequence, number, order_id, user_id, customer_id, source_key,
                           corrects_id, currency, total_cents, issued_at, due_at, snapshot, sha256)
    select ${tx.tenantId}, ${series}, ${year}, d.*
    from jsonb_to_recordset(${JSON.stringify(rows)}::text::jsonb) as d(
      id text, kind text, sequence int, number text, order_id text, user_id text, customer_id text, source_key text,
      corrects_id text, currency text, total_cents bigint, issued_at timestamptz, due_at timestamptz, snapshot jsonb,
      sha256 text)`;
}

async function recordIssued(tx: Tx, issued: readonly IssuedDocument[]): Promise<void> {
  const factsOf = ({ id, snapshot, orderId, customerId, issuedAt }: IssuedDocument) => ({
    invoice_id: id,
    number: snapshot.number,
    order_id: orderId,
    customer_id: customerId,
    currency: snapshot.currency,
    total_cents: snapshot.total_cents,
    issued_at: issuedAt,
  });
  const invoices = issued.flatMap((document) =>
    document.corrects === null
      ? [{ ...recordOf(document), data: { ...factsOf(document), due_at: document.dueAt } }]
      : [],
  );
  const creditNotes = issued.flatMap((document) =>
    document.corrects === null
      ? []
      : [
          {
            ...recordOf(document),
            data: {
              ...factsOf(document),
              corrects_invoice_id: document.corrects,
              refund_id: document.refundId,
            },
          },
        ],
  );
  await recordAll(tx, invoiceIssued, invoices);
  await recordAll(tx, creditNoteIssued, creditNotes);
}

const recordOf = ({ id, cause }: IssuedDocument) => ({ aggregateId: id, version: 1, cause });

/** The last day to pay, and its last second. */
interface Due {
  readonly on: string;
  readonly at: string;
}

/**
 * The database's clock decides the day, in the tenant's time zone; the year belongs to the number. A later number is never of an
 * earlier moment: whoever waited for the counter takes the time of the one before.
 * @param terms days to pay of each document that gets a number
 */
async function nextNumbers(tx: Tx, series: string, timeZone: string, terms: readonly (number | null)[]) {
  const [row] = await tx.sql<
    { year: number; last: number; issued_at: string; issued_on: string; dues: (Due | null)[] }[]
  >`
    insert into number_series as n (tenant_id, series, year, last, last_issued_at)
    select ${tx.tenantId}, ${series}, extract(year from at at time zone ${timeZone})::int, ${terms.length}, at
    from (select date_trunc('milliseconds', clock_timestamp()) as at) as moment
    on conflict (tenant_id, series, year) do update
      set last = n.last + excluded.last, last_issued_at = greatest(n.last_issued_at, excluded.last_issued_at)
    returning year, last,
      to_char(last_issued_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as issued_at,
      to_char(last_issued_at at time zone ${timeZone}, 'YYYY-MM-DD') as issued_on,
      -- JSON, because the driver reads NULL in an array of text as a text.
      (select json_agg(
         case when days is not null then json_build_object(
           'on', to_char(day, 'YYYY-MM-DD'),
           'at', to_char((day + time '23:59:59') at time zone ${timeZone} at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')) end
         order by place)
       from unnest(${[...terms]}::int[]) with ordinality as t(days, place),
         lateral (select (last_issued_at at time zone ${timeZone})::date + days as day) as due) as dues`;
  if (row === undefined) throw new Error('the counter gave no number');
  return {
    year: row.year,
    first: row.last - terms.length + 1,
    issuedAt: row.issued_at,
    issuedOn: row.issued_on,
    dues: row.dues,
  };
}
