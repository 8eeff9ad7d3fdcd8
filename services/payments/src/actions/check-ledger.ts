import type { Database } from '@zoco/postgres';

/** Journals are looked at in the order of this key. */
export interface JournalKey {
  readonly tenant_id: string;
  readonly id: string;
}

export interface CheckedPage {
  /** Journals whose entries do not add up to zero in some currency, or that have none. */
  readonly unbalanced: number;
  /** Where to go on; undefined at the end of the ledger. */
  readonly last: JournalKey | undefined;
}

export const FIRST_JOURNAL: JournalKey = { tenant_id: '', id: '' };

/**
 * Adds up the next journals of all tenants. A trigger refuses what does not balance; this finds what came past it, by hand or by a
 * restore.
 */
export async function checkLedger(db: Database, after: JournalKey, limit: number): Promise<CheckedPage> {
  const rows = await db.work(
    (tx) => tx.sql<(JournalKey & { is_balanced: boolean })[]>`
      select j.tenant_id, j.id, coalesce(bool_and(s.total = 0), false) as is_balanced
      from (select tenant_id, id from ledger_journals
            where (tenant_id, id) > (${after.tenant_id}, ${after.id})
            order by tenant_id, id limit ${limit}) j
      left join lateral (
        select sum(e.amount_cents) as total from ledger_entries e
        where e.tenant_id = j.tenant_id and e.journal_id = j.id group by e.currency) s on true
      group by j.tenant_id, j.id order by j.tenant_id, j.id`,
  );
  const unbalanced = rows.filter((row) => !row.is_balanced).length;
  return { unbalanced, last: rows.length < limit ? undefined : rows.at(-1) };
}
