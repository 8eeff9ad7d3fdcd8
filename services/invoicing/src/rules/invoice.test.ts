import { exampleBankAccount, exampleTenant, orderConfirmed, tenantSettings } from '@zoco/contracts';
import { describe, expect, test } from 'vitest';
import { invoiceDraft } from './invoice.ts';

const order = orderConfirmed.data.parse(orderConfirmed.example);
const paymentOf = (paymentStatus: typeof order.payment_status, account: typeof exampleBankAccount | null) => {
  const tenant = tenantSettings.parse({ ...exampleTenant, bank_account: account });
  return invoiceDraft({ order, paymentStatus, paymentTermsDays: 30, tenant, customer: null }).payment;
};

describe('where to pay', () => {
  test.each([
    ['unpaid', exampleBankAccount],
    ['pending', exampleBankAccount],
    ['unpaid', { ...exampleBankAccount, bic: null, bank_name: null }],
  ] as const)('%s: to the account of the shop', (status, account) => {
    expect(paymentOf(status, account).pay_to).toEqual(account);
  });

  // Left out and not undefined or null: the hash is taken over what is there.
  test.each([
    ['unpaid, and the shop has no account', 'unpaid', null],
    ['paid', 'paid', exampleBankAccount],
    ['paid, and some of it went back', 'partially_refunded', exampleBankAccount],
    ['paid, and all of it went back', 'refunded', exampleBankAccount],
  ] as const)('%s: nowhere', (_name, status, account) => {
    expect(Object.keys(paymentOf(status, account))).toEqual(['method', 'paid', 'terms_days']);
  });

  test('what accounts get to have later stays out of documents', () => {
    const later = { ...exampleBankAccount, routing_number: '026009593' };
    const tenant = { ...tenantSettings.parse(exampleTenant), bank_account: later };
    const draft = invoiceDraft({
      order,
      paymentStatus: 'unpaid',
      paymentTermsDays: 30,
      tenant,
      customer: null,
    });
    expect(draft.payment.pay_to).toEqual(exampleBankAccount);
  });
});
