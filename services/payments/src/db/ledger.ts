import { type Id, newId } from '@zoco/kernel';
import type { ReadTx, Tx } from '@zoco/postgres';
import type { Account, Entry, JournalKind } from '../rules/ledger.ts';

export interface NewJournal {
  readonly kind: JournalKind;
  /** What it is for: a kind never posts the same thing twice. */
  readonly ref: string;
  readonly payment: { readonly id: Id<'payment'>; readonly orderId: Id<'order'>; readonly currency: string };
  readonly entries: readonly Entry[];
}

/**
 * Posts a journal in one statement.
 * @returns false when it was posted before
 */
export async function postJournal(tx: Tx, journal: NewJournal): Promise<boolean> {
  const { payment } = journal;
  const lines = journal.entries.map(({ account, amountCents }, index) => ({
    line: index + 1,
    account,
    amount_cents: amountCents,
  }));
  if (lines.length === 0) return true;
  const posted = await tx.sql`
    with journal as (
      insert into ledger_journals (tenant_id, id, kind, ref, payment_id, order_id)
      values (${tx.tenantId}, ${newId('journal')}, ${journal.kind}, ${journal.ref}, ${payment.id}, ${payment.orderId})
      on conflict (tenant_id, kind, ref) do nothing
      returning id)
    insert into ledger_entries (tenant_id, journal_id, line, account, currency, amount_cents)
    select ${tx.tenantId}, journal.id, l.line, l.account, ${payment.currency}, l.amount_cents
    from journal, jsonb_to_recordset(${JSON.stringify(lines)}::text::jsonb)
      as l(line smallint, account text, amount_cents bigint)`;
  return posted.count > 0;
}

export interface JournalRow {
  readonly id: string;
  readonly kind: JournalKind;
  readonly ref: string;
  readonly payment_id: string;
  readonly order_id: string;
  /** Time as text, as Postgres gives it. */
  readonly created_at: string;
  readonly entries: readonly { account: Account; currency: string; amount_cents: number }[];
}

export interface JournalFilter {
  readonly kind: JournalKind | undefined;
  readonly orderId: string | undefined;
  readonly paymentId: string | undefined;
  readonly after: string | undefined;
  readonly limit: number;
}

/** Journals with their entries, newest first; one more than `limit`, when there are more. */
export function listJournals({ sql, tenantId }: ReadTx, filter: JournalFilter): Promise<JournalRow[]> {
  const { kind, orderId, paymentId, after, limit } = filter;
  // Every order has a capture and a fee, which going back from the newest finds soon; the other kinds have an index.
  const isRare = kind !== undefined && kind !== 'capture' && kind !== 'fee';
  // Only what is asked for: plans are made once for all values, so a condition that may be empty can never use an index.
  return sql<JournalRow[]>`
    select j.id, j.kind, j.ref, j.payment_id, j.order_id, j.created_at,
           (select jsonb_agg(jsonb_build_object('account', e.account, 'currency', e.currency,
                                                'amount_cents', e.amount_cents) order by e.line)
            from ledger_entries e where e.tenant_id = j.tenant_id and e.journal_id = j.id) as entries
    from ledger_journals j
    where j.tenant_id = ${tenantId}
      ${kind === undefined ? sql`` : sql`and j.kind = ${kind}`}
      ${isRare ? sql`and j.kind not in ('capture', 'fee')` : sql``}
      ${orderId === undefined ? sql`` : sql`and j.order_id = ${orderId}`}
      ${
        paymentId === undefined
          ? sql``
          : sql`and j.payment_id = ${paymentId}
                and j.order_id = (select order_id from payments where tenant_id = ${tenantId} and id = ${paymentId})`
      }
      ${after === undefined ? sql`` : sql`and j.id < ${after}`}
    order by j.id desc limit ${limit + 1}`;
}

/** Balance of every account and currency that ever had an entry. */
export function accountBalances(
  tx: ReadTx,
): Promise<{ account: Account; currency: string; balance_cents: number }[]> {
  return tx.sql`
    select account, currency, sum(amount_cents)::float8 as balance_cents from ledger_entries
    where tenant_id = ${tx.tenantId} group by account, currency order by account, currency`;
}

/** Entries of one journal. */
export async function journalEntries(tx: ReadTx, kind: JournalKind, ref: string): Promise<Entry[]> {
  const rows = await tx.sql<{ account: Account; amount_cents: string }[]>`
    select e.account, e.amount_cents from ledger_entries e join ledger_journals j
      on j.tenant_id = e.tenant_id and j.id = e.journal_id
    where j.tenant_id = ${tx.tenantId} and j.kind = ${kind} and j.ref = ${ref} order by e.line`;
  return rows.map(({ account, amount_cents }) => ({ account, amountCents: Number(amount_cents) }));
}
