import { expect, test } from 'vitest';
import { isId, newId } from './ids.ts';
import { isTenantId } from './tenant-id.ts';

test('a new id has its prefix, is valid, and sorts after the one before', () => {
  const first = newId('order');
  expect(first).toMatch(/^ord_[0-7][0-9a-z]{25}$/);
  expect(isId('order', first)).toBe(true);
  expect(isId('payment', first)).toBe(false);
});

test.each(['ord_', 'ord_80000000000000000000000000', 'ord_01jqUUUUUUUUUUUUUUUUUUUUUU', '', 7, null])(
  'refuses %s as an order id',
  (value) => expect(isId('order', value)).toBe(false),
);

test.each([
  ['acme', true],
  ['a1-b', true],
  ['a', false],
  ['1a', false],
  ['Acme', false],
  ['a.b', false],
  ['a'.repeat(32), false],
])('%s is a tenant id: %s', (value, expected) => expect(isTenantId(value)).toBe(expected));
