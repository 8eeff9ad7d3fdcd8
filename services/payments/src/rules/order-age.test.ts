import { newId } from '@zoco/kernel';
import { expect, test } from 'vitest';
import { orderAgeMs } from './order-age.ts';

test('the age of an order is in its id', () => {
  const now = new Date();
  const age = orderAgeMs(newId('order'), now);
  expect(Math.abs(age)).toBeLessThan(2000);
  expect(orderAgeMs('ord_00000000000000000000000000', now)).toBe(now.getTime());
});
