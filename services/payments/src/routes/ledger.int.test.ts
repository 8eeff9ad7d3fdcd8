import { newId } from '@zoco/kernel';
import { connect } from '@zoco/postgres';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { journalsOf } from '../../fixtures/ledger.ts';
import { expectSignInNeeded, expectStaffNeeded } from '../../fixtures/refusals.ts';
import { type Caller, openShop, type Shop } from '../../fixtures/shop.ts';
import { bookFees } from '../actions/book-fees.ts';
import { postJournal } from '../db/ledger.ts';

let shop: Shop;
let staff: Caller;
beforeAll(async () => {
  shop = await openShop();
  staff = await shop.addStaff();
});
afterAll(() => shop[Symbol.asyncDispose]());

const get = (path: string) => shop.request('GET', path, { headers: staff.headers });
const paid = (more: object = {}) => shop.order({ payment_token: 'pm_card_visa', ...more });
const refund = (paymentId: string, body: object) =>
  shop.request('POST', `/payments/${paymentId}/refunds`, {
    headers: { ...staff.headers, 'idempotency-key': `key-${newId('event')}` },
    body: { reason: 'damaged', ...body },
  });

describe('GET /payments/ledger', () => {
  test('200: journals with their entries, newest first, in pages, by kind, order and payment', async () => {
    const { payment, orderId } = await paid();
    await refund(payment.id, { amount_cents: 1000 });
    const all = await get(`/payments/ledger?order_id=${orderId}`);
    expect(all.body.data).toMatchObject([
      { kind: 'refund', payment_id: payment.id, order_id: orderId },
      {
        kind: 'capture',
        ref: payment.intentId,
        entries: [
          { account: 'stripe_clearing', currency: 'EUR', amount_cents: 2948 },
          { account: 'revenue', currency: 'EUR', amount_cents: -2835 },
          { account: 'tax_payable', currency: 'EUR', amount_cents: -113 },
        ],
      },
    ]);
    const first = await get(`/payments/ledger?payment_id=${payment.id}&limit=1`);
    const second = await get(
      `/payments/ledger?payment_id=${payment.id}&limit=1&cursor=${first.body.next_cursor}`,
    );
    expect([...first.body.data, ...second.body.data]).toEqual(all.body.data);
    expect(second.body.next_cursor).toBeNull();
    const captures = await get(`/payments/ledger?order_id=${orderId}&kind=capture`);
    expect(captures.body.data).toHaveLength(1);
  });

  test('401, 403, 422, and nothing of another shop', async () => {
    const { orderId } = await paid();
    const endpoint = { method: 'GET', path: '/payments/ledger' };
    await expectStaffNeeded(shop, endpoint);
    await expectSignInNeeded(shop, endpoint, 'payments:read');
    expect((await get('/payments/ledger?kind=theft')).status).toBe(422);
    const outsider = await shop.addStaff(shop.world.addTenant());
    const seen = await shop.request('GET', `/payments/ledger?order_id=${orderId}`, outsider);
    expect([seen.status, seen.body.data]).toEqual([200, []]);
  });
});

describe('GET /payments/ledger/balances', () => {
  test('200: they add up to zero in each currency', async () => {
    await using other = await openShop();
    const { headers } = await other.addStaff();
    await other.order({ payment_token: 'pm_card_visa' });
    await other.order({ payment_token: 'pm_card_visa', currency: 'JPY', total_cents: 500, tax_cents: 0 });
    const { body } = await other.request('GET', '/payments/ledger/balances', { headers });
    expect(body.data).toEqual([
      { account: 'revenue', currency: 'EUR', balance_cents: -2835 },
      { account: 'revenue', currency: 'JPY', balance_cents: -500 },
      { account: 'stripe_clearing', currency: 'EUR', balance_cents: 2948 },
      { account: 'stripe_clearing', currency: 'JPY', balance_cents: 500 },
      { account: 'tax_payable', currency: 'EUR', balance_cents: -113 },
    ]);
  });

  test('401, 403', async () => {
    const endpoint = { method: 'GET', path: '/payments/ledger/balances' };
    await expectStaffNeeded(shop, endpoint);
    await expectSignInNeeded(shop, endpoint, 'payments:read');
  });
});

describe('the books', () => {
  const entry = (amountCents: number, account: 'bank' | 'revenue' = 'bank') => ({ account, amountCents });
  const post = (payment: Parameters<typeof postJournal>[1]['payment'], ref: string, cents: number[]) =>
    shop.sql((tx) =>
      postJournal(tx, { kind: 'payout', ref, payment, entries: cents.map((amount) => entry(amount)) }),
    );

  test('a journal that does not add up is refused when it commits, whatever wrote it', async () => {
    const { payment, orderId } = await paid();
    await expect(post(payment, newId('event'), [5, -4])).rejects.toThrow('does not add up');
    await expect(post(payment, newId('event'), [5])).rejects.toThrow('does not add up');
    expect(await journalsOf(shop, orderId)).toHaveLength(1);
    const alone = shop.sql(
      (tx) => tx.sql`
      insert into ledger_journals (tenant_id, id, kind, ref, payment_id, order_id)
      values (${shop.tenant.id}, ${newId('journal')}, 'payout', 'x', ${payment.id}, ${orderId})`,
    );
    await expect(alone).rejects.toThrow('does not add up');
  });

  test('nothing can be added to an old journal', async () => {
    const { payment } = await paid();
    const late = shop.sql(
      (tx) => tx.sql`
      insert into ledger_entries (tenant_id, journal_id, line, account, currency, amount_cents)
      select tenant_id, id, 9, 'bank', 'EUR', 7 from ledger_journals where payment_id = ${payment.id}`,
    );
    await expect(late).rejects.toThrow('does not add up');
  });

  test('the same thing is booked once', async () => {
    const { payment } = await paid();
    const ref = newId('event');
    expect(await Promise.all([post(payment, ref, [5, -5]), post(payment, ref, [5, -5])])).toEqual(
      expect.arrayContaining([true, false]),
    );
  });

  test('what is written stays: no grant, and a trigger against the owner', async () => {
    await expect(shop.sql((tx) => tx.sql`update ledger_entries set amount_cents = 1`)).rejects.toThrow(
      'permission denied',
    );
    await expect(shop.sql((tx) => tx.sql`delete from ledger_journals`)).rejects.toThrow('permission denied');
    const owner = connect({ url: shop.world.database.urls.ownerUrl, applicationName: 'test', poolMax: 1 });
    await expect(owner`truncate ledger_journals cascade`).rejects.toThrow('append-only');
    await expect(owner`delete from ledger_entries`).rejects.toThrow('append-only');
    await owner.end();
  });

  test('what money did is not undone: states and terms are guarded by the database too', async () => {
    const { payment } = await paid();
    for (const status of ['pending', 'canceled', 'requires_action']) {
      const back = shop.sql(
        (tx) => tx.sql`
        update payments set status = ${status}, succeeded_at = null where id = ${payment.id}`,
      );
      await expect(back).rejects.toThrow('cannot become');
    }
    const cheaper = shop.sql(
      (tx) => tx.sql`update payments set amount_cents = 1, captured_cents = 1 where id = ${payment.id}`,
    );
    await expect(cheaper).rejects.toThrow('never changes');
    const more = shop.sql(
      (tx) => tx.sql`update payments set refund_requested_cents = 2949 where id = ${payment.id}`,
    );
    await expect(more).rejects.toThrow('payments_refunds');
  });
});

describe('fees', () => {
  test('what Stripe kept is booked once per charge; then our account is what Stripe owes', async () => {
    await using own = await openShop();
    const { orderId } = await own.order({ payment_token: 'pm_card_visa' });
    await own.order({ payment_token: 'pm_card_chargeDeclined' });
    const hourAgo = new Date(Date.now() - 3600_000);
    expect(await bookFees(own.deps, hourAgo)).toBe(1);
    expect(await bookFees(own.deps, hourAgo)).toBe(0);
    expect((await journalsOf(own, orderId)).at(-1)).toEqual({
      kind: 'fee',
      stripe_fees: 115,
      stripe_clearing: -115,
    });
    const [balance] = (await own.stripe.balance.retrieve()).available;
    const [clearing] = await own.sql(
      (tx) =>
        tx.sql`select sum(amount_cents)::int as cents from ledger_entries where account = 'stripe_clearing'`,
    );
    expect(clearing?.['cents']).toBe(balance?.amount);
  });

  test('charges of other installations are not ours to book', async () => {
    await using own = await openShop();
    const metadata = { tenant: own.tenant.id, order_id: newId('order'), env: 'elsewhere' };
    await own.stripe.paymentIntents.create({
      amount: 500,
      currency: 'eur',
      confirm: true,
      payment_method: 'pm_card_visa',
      metadata,
    });
    expect(await bookFees(own.deps, new Date(Date.now() - 3600_000))).toBe(0);
  });
});
