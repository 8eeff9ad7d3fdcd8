import { expect, test } from 'vitest';
import { nextBlockSize, orderNumber } from './order-number.ts';

test.each([
  [1, '2026-000001'],
  [999_999, '2026-999999'],
  [1_000_000, '2026-1000000'],
])('order %s of a year is %s', (sequence, expected) => {
  expect(orderNumber(2026, sequence)).toBe(expected);
});

test.each([
  [1, 100, 2],
  [32, 999, 64],
  [64, 10, 64],
  [64, 1000, 1],
  [1, 86_400_000, 1],
])('a block of %s that lasted %s ms is followed by one of %s', (size, lastedMs, expected) => {
  expect(nextBlockSize(size, lastedMs)).toBe(expected);
});
