import { newId } from '@zoco/kernel';
import postgres from 'postgres';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openShop, type Shop } from '../fixtures/shop.ts';
import { checkLedger, FIRST_JOURNAL } from './actions/check-ledger.ts';
import { createLedgerWatch } from './ledger-watch.ts';
import { ledgerCheckedAt, unbalancedJournals } from './metrics.ts';

let shop: Shop;
beforeAll(async () => {
  shop = await openShop();
});
afterAll(() => shop[Symbol.asyncDispose]());

/** Writes a journal past the guards, as a hand or a restore might. */
async function forge(amounts: readonly number[], tenant: string): Promise<void> {
  const sql = postgres(shop.world.database.urls.ownerUrl, { max: 1, onnotice: () => {} });
  const id = newId('journal');
  await sql.begin(async (tx) => {
    await tx`alter table ledger_journals disable trigger user`;
    await tx`alter table ledger_entries disable trigger user`;
    await tx`alter table ledger_journals no force row level security`;
    await tx`alter table ledger_entries no force row level security`;
    await tx`insert into ledger_journals (tenant_id, id, kind, ref, payment_id, order_id)
      values (${tenant}, ${id}, 'fee', ${id}, ${newId('payment')}, ${newId('order')})`;
    for (const [line, amount] of amounts.entries())
      await tx`insert into ledger_entries (tenant_id, journal_id, line, account, currency, amount_cents)
        values (${tenant}, ${id}, ${line + 1}, 'bank', 'EUR', ${amount})`;
    await tx`alter table ledger_journals force row level security`;
    await tx`alter table ledger_entries force row level security`;
    await tx`alter table ledger_journals enable trigger user`;
    await tx`alter table ledger_entries enable trigger user`;
  });
  await sql.end();
}

const valueOf = async (metric: typeof unbalancedJournals) => (await metric.get()).values[0]?.value;

test('what does not add up is found in every tenant, page by page, and shown until it is mended', async () => {
  const look = createLedgerWatch(shop.deps.db);
  await forge([500, -500], 'anvil');
  await look();
  expect(await valueOf(unbalancedJournals)).toBe(0);
  expect(await valueOf(ledgerCheckedAt)).toBeGreaterThan(0);
  await forge([500, -499], 'anvil');
  await forge([], 'bolt');
  await look();
  expect(await valueOf(unbalancedJournals)).toBe(2);
  await look();
  expect(await valueOf(unbalancedJournals)).toBe(2);
  const seen: number[] = [];
  for (let page = await checkLedger(shop.deps.db, FIRST_JOURNAL, 1); ;) {
    seen.push(page.unbalanced);
    if (page.last === undefined) break;
    page = await checkLedger(shop.deps.db, page.last, 1);
  }
  expect(seen.toSorted((a, b) => a - b)).toEqual([0, 0, 1, 1]);
});
