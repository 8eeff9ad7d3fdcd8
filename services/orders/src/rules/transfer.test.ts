import { exampleBankAccount, orderStatus, paymentStatus } from '@zoco/contracts';
import { describe, expect, test } from 'vitest';
import { transferTargetOf } from './transfer.ts';

const order = {
  number: '2026-000042',
  status: 'created',
  paymentMethod: 'transfer',
  paymentStatus: 'pending',
} as const;
const target = { ...exampleBankAccount, reference: '2026-000042' };

describe('where a transfer goes', () => {
  test('to the account of the shop, with the number of the order', () => {
    expect(transferTargetOf(order, exampleBankAccount)).toEqual(target);
  });

  test('nowhere, when the shop has said nothing', () => {
    expect(transferTargetOf(order, null)).toBeNull();
  });

  test.each(['card', 'on_account'] as const)('by %s there is none', (paymentMethod) => {
    expect(transferTargetOf({ ...order, paymentMethod }, exampleBankAccount)).toBeNull();
  });

  test('as long as the order stands', () => {
    const told = orderStatus.options.filter((status) =>
      transferTargetOf({ ...order, status }, exampleBankAccount),
    );
    expect(told).toEqual(['created', 'confirmed', 'shipped', 'delivered']);
  });

  test('and is not paid', () => {
    const told = paymentStatus.options.filter((status) =>
      transferTargetOf({ ...order, paymentStatus: status }, exampleBankAccount),
    );
    expect(told).toEqual(['unpaid', 'pending']);
  });
});
