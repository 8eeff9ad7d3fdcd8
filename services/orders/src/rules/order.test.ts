import { orderStatus } from '@zoco/contracts';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { canBecome, isFinal, NEXT } from './order.ts';

const statuses = orderStatus.options;

test('the table names every status, and leads nowhere else', () => {
  expect(Object.keys(NEXT).toSorted()).toEqual([...statuses].toSorted());
  expect(statuses).toEqual(expect.arrayContaining(Object.values(NEXT).flat()));
});

test('what is final is exactly what an order can end in', () => {
  expect(statuses.filter(isFinal).toSorted()).toEqual(['canceled', 'delivered', 'expired', 'rejected']);
});

describe('whatever is tried, in whatever order', () => {
  // An order lives through random wishes; those that the table does not allow change nothing.
  const lives = fc.array(fc.constantFrom(...statuses), { maxLength: 60 });
  const live = (wishes: readonly (typeof statuses)[number][]) => {
    const path: (typeof statuses)[number][] = ['pending'];
    for (const wish of wishes) if (canBecome(path.at(-1) ?? 'pending', wish)) path.push(wish);
    return path;
  };

  test('an order comes to an end after at most four steps and is never again what it was', () => {
    fc.assert(
      fc.property(lives, (wishes) => {
        const path = live(wishes);
        expect(new Set(path).size).toBe(path.length);
        expect(path.length).toBeLessThanOrEqual(5);
      }),
    );
  });

  test('money comes before goods, and goods that left never come back by themselves', () => {
    fc.assert(
      fc.property(lives, (wishes) => {
        const path = live(wishes);
        const at = (status: (typeof statuses)[number]) => path.indexOf(status);
        const was = (status: (typeof statuses)[number]) => at(status) >= 0;
        expect(was('shipped') && at('confirmed') !== at('shipped') - 1).toBe(false);
        expect(was('shipped') && was('canceled')).toBe(false);
        expect(was('cancel_pending') && !was('confirmed')).toBe(false);
        expect(was('expired') && was('confirmed')).toBe(false);
      }),
    );
  });
});
