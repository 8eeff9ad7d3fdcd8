import type { Id } from '@zoco/kernel';
import { Problem } from '@zoco/kernel';
import type { ReadTx } from '@zoco/postgres';
import { documentSnapshot, type DocumentSnapshot, type RateSum } from '../rules/snapshot.ts';

/** What a list says of a document. */
export interface DocumentSummary {
  readonly id: Id<'invoice'>;
  readonly kind: 'invoice' | 'credit_note';
  readonly number: string;
  readonly orderId: Id<'order'>;
  readonly customerId: Id<'customer'> | null;
  readonly correctsId: Id<'invoice'> | null;
  readonly currency: string;
  readonly taxSummary: RateSum[];
  readonly issuedAt: Date;
  readonly dueAt: Date | null;
  readonly sha256: string;
}

/** A stored document with all that it says. */
export interface StoredDocument extends DocumentSummary {
  readonly sourceKey: string;
  readonly userId: Id<'user'> | null;
  readonly snapshot: DocumentSnapshot;
}

interface SummaryRow {
  readonly id: Id<'invoice'>;
  readonly kind: 'invoice' | 'credit_note';
  readonly number: string;
  readonly order_id: Id<'order'>;
  readonly customer_id: Id<'customer'> | null;
  readonly corrects_id: Id<'invoice'> | null;
  readonly currency: string;
  readonly issued_at: string;
  readonly due_at: string | null;
  readonly sha256: string;
  readonly tax_summary: unknown;
}

interface Row extends Omit<SummaryRow, 'tax_summary'> {
  readonly source_key: string;
  readonly user_id: Id<'user'> | null;
  readonly snapshot: unknown;
}

/** Documents that one may see: all of the tenant, or those of one buyer. */
export interface Viewer {
  readonly userId: string | null;
}

/** The documents of orders, oldest first. */
export async function documentsOfOrders(tx: ReadTx, orderIds: readonly string[]): Promise<StoredDocument[]> {
  const rows = await tx.sql<Row[]>`
    select ${documentColumns(tx)} from documents where tenant_id = ${tx.tenantId} and order_id = any(${[...orderIds]}::text[]) order by id`;
  return rows.map(fromRow);
}

/** @throws Problem `invoice_not_found`, also for a document of somebody else */
export async function getDocument(tx: ReadTx, id: string, viewer: Viewer): Promise<StoredDocument> {
  const [row] = await tx.sql<Row[]>`
    select ${documentColumns(tx)} from documents where tenant_id = ${tx.tenantId} and id = ${id} ${visibleTo(tx, viewer)}`;
  if (row === undefined) throw invoiceNotFound();
  return fromRow(row);
}

export interface ListOptions {
  readonly orderId: string | undefined;
  readonly customerId: string | undefined;
  readonly before: string | undefined;
  readonly limit: number;
}

/** Conditions are left out, not made true by a parameter: a prepared plan could use no index for those. */
function visibleTo(tx: ReadTx, viewer: Viewer) {
  return viewer.userId === null ? tx.sql`` : tx.sql`and user_id = ${viewer.userId}`;
}

/** Newest first. */
export async function listDocuments(
  tx: ReadTx,
  viewer: Viewer,
  options: ListOptions,
): Promise<DocumentSummary[]> {
  const rows = await tx.sql<SummaryRow[]>`
    select ${summaryColumns(tx)} from documents
    where tenant_id = ${tx.tenantId} ${visibleTo(tx, viewer)}
      ${options.orderId === undefined ? tx.sql`` : tx.sql`and order_id = ${options.orderId}`}
      ${options.customerId === undefined ? tx.sql`` : tx.sql`and customer_id = ${options.customerId}`}
      ${options.before === undefined ? tx.sql`` : tx.sql`and id < ${options.before}`}
    order by id desc limit ${options.limit}`;
  return rows.map(fromSummaryRow);
}

/** The invoice of an order, for whoever may see it. @throws Problem `invoice_not_found` */
export async function invoiceOfOrder(tx: ReadTx, orderId: string, viewer: Viewer): Promise<DocumentSummary> {
  const [row] = await tx.sql<SummaryRow[]>`
    select ${summaryColumns(tx)} from documents
    where tenant_id = ${tx.tenantId} and order_id = ${orderId} and kind = 'invoice' ${visibleTo(tx, viewer)}`;
  if (row === undefined) throw invoiceNotFound();
  return fromSummaryRow(row);
}

/** By name: a plan for `*` would fail once on each connection of the old version when a new one adds a column. */
function documentColumns(tx: ReadTx) {
  return tx.sql`
    id, kind, number, order_id, customer_id, corrects_id, currency, issued_at, due_at, sha256, source_key, user_id, snapshot`;
}

/** The lines stay in the database: of a hundred documents with a thousand each, reading them would take the better part of a second. */
function summaryColumns(tx: ReadTx) {
  return tx.sql`
    id, kind, number, order_id, customer_id, corrects_id, currency, issued_at, due_at, sha256,
    snapshot->'tax_summary' as tax_summary`;
}

function invoiceNotFound(): Problem {
  return new Problem(
    'not_found',
    'invoice_not_found',
    'There is no such invoice; it is issued when its order is confirmed.',
  );
}

function fromSummaryRow(row: SummaryRow): DocumentSummary {
  return summaryOf(row, documentSnapshot.shape.tax_summary.parse(row.tax_summary));
}

function fromRow(row: Row): StoredDocument {
  const snapshot = documentSnapshot.parse(row.snapshot);
  return {
    ...summaryOf(row, snapshot.tax_summary),
    sourceKey: row.source_key,
    userId: row.user_id,
    snapshot,
  };
}

function summaryOf(row: Omit<SummaryRow, 'tax_summary'>, taxSummary: RateSum[]): DocumentSummary {
  return {
    id: row.id,
    kind: row.kind,
    number: row.number,
    orderId: row.order_id,
    customerId: row.customer_id,
    correctsId: row.corrects_id,
    currency: row.currency,
    taxSummary,
    issuedAt: new Date(row.issued_at),
    dueAt: row.due_at === null ? null : new Date(row.due_at),
    sha256: row.sha256,
  };
}
