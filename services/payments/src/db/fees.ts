import type { Tx, WorkerTx } from '@zoco/postgres';
import type { ChargeFee } from '../charge-fee.ts';
import { feeEntries } from '../rules/ledger.ts';

/** Books fees of charges whose payment is known, each once, in one statement. @returns how many were new */
export async function bookFeesOf(
  tx: Tx,
  fees: readonly (ChargeFee & { readonly journalId: string })[],
): Promise<number> {
  const rows = fees.map((fee) => ({
    journal_id: fee.journalId,
    ref: fee.transactionId,
    order_id: fee.orderId,
    currency: fee.currency,
    entries: feeEntries(fee.feeCents).map(({ account, amountCents }, index) => ({
      line: index + 1,
      account,
      amount_cents: amountCents,
    })),
  }));
  const [result] = await tx.sql<{ booked: number }[]>`
    with fee as (
      select * from jsonb_to_recordset(${JSON.stringify(rows)}::text::jsonb)
        as f(journal_id text, ref text, order_id text, currency text, entries jsonb)),
    journal as (
      insert into ledger_journals (tenant_id, id, kind, ref, payment_id, order_id)
      select ${tx.tenantId}, fee.journal_id, 'fee', fee.ref, p.id, p.order_id
      from fee join payments p on p.tenant_id = ${tx.tenantId} and p.order_id = fee.order_id
      on conflict (tenant_id, kind, ref) do nothing
      returning id),
    entry as (
      insert into ledger_entries (tenant_id, journal_id, line, account, currency, amount_cents)
      select ${tx.tenantId}, journal.id, e.line, e.account, fee.currency, e.amount_cents
      from journal join fee on fee.journal_id = journal.id,
        jsonb_to_recordset(fee.entries) as e(line smallint, account text, amount_cents bigint)
      returning 1)
    select count(*)::int as booked from journal`;
  return result?.booked ?? 0;
}

/** When a fee was last booked, for whatever tenant; undefined when none ever was. */
export async function lastFeeBookedAt(tx: WorkerTx): Promise<Date | undefined> {
  const [newest] = await tx.sql<{ ms: number | null }[]>`
    select (extract(epoch from max(created_at)) * 1000)::float8 as ms from ledger_journals where kind = 'fee'`;
  const ms = newest?.ms ?? null;
  return ms === null ? undefined : new Date(ms);
}
