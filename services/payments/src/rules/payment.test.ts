import { expect, test } from 'vitest';
import { isCaptured, isOpen, NEXT, PAYMENT_STATUSES } from './payment.ts';

test('money that came is never open again; every state is one or the other or over', () => {
  for (const status of PAYMENT_STATUSES) {
    expect(isOpen(status) && isCaptured(status)).toBe(false);
    for (const next of NEXT[status]) expect(isCaptured(status) && isOpen(next)).toBe(false);
  }
  expect(PAYMENT_STATUSES.filter((status) => !isOpen(status) && !isCaptured(status))).toEqual(['canceled']);
});
