import type { ReservationState } from '@zoco/contracts';
import { type Id, newId, Problem } from '@zoco/kernel';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  EFFECTS,
  movesOf,
  needsOf,
  replayOf,
  requireGranted,
  settleOtherwise,
  type Settlement,
} from './reservation.ts';
import { settlementOf } from './stale-reservation.ts';

describe('settleOtherwise', () => {
  const cases: [Settlement, ReservationState | undefined, string][] = [
    ['commit', 'held', 'again'],
    ['commit', 'committed', 'nothing'],
    ['commit', 'released', 'reservation_released'],
    ['commit', 'returned', 'nothing'],
    ['commit', undefined, 'reservation_not_found'],
    ['release', 'held', 'again'],
    ['release', 'committed', 'reservation_committed'],
    ['release', 'released', 'nothing'],
    ['release', 'returned', 'nothing'],
    ['release', undefined, 'tombstone'],
    ['return', 'held', 'commit'],
    ['return', 'committed', 'again'],
    ['return', 'released', 'nothing'],
    ['return', 'returned', 'nothing'],
    ['return', undefined, 'tombstone'],
  ];
  test.each(cases)('%s of a %s one: %s', (settlement, state, expected) => {
    expect(outcomeOf(() => settleOtherwise(settlement, state))).toBe(expected);
  });

  function outcomeOf(decide: () => string): string {
    try {
      return decide();
    } catch (error) {
      if (error instanceof Problem && error.status === 409) return error.code;
      throw error;
    }
  }

  test('it is asked to look again exactly where the settlement starts from', () => {
    for (const settlement of Object.keys(EFFECTS) as Settlement[]) {
      expect(settleOtherwise(settlement, EFFECTS[settlement].from)).toBe('again');
    }
  });
});

test('whatever a reservation goes through, its effects add up to what was asked for', () => {
  const { commit, release, return: back } = EFFECTS;
  // Reserving adds one to `reserved`.
  expect([release.onHand, 1 + release.reserved]).toEqual([0, 0]);
  expect([commit.onHand, 1 + commit.reserved]).toEqual([-1, 0]);
  expect([commit.onHand + back.onHand, 1 + commit.reserved + back.reserved]).toEqual([0, 0]);
});

describe('requireGranted', () => {
  const lines = [{ product_id: 'a' }, { product_id: 'b' }, { product_id: 'a' }];
  const a = { product_id: 'a', quantity: 3, name: 'A', available: 5, granted: true };
  const b = { product_id: 'b', quantity: 9, name: 'B', available: 4, granted: false };

  test('all granted', () => {
    expect(() => requireGranted(lines, [a, { ...b, granted: true }])).not.toThrow();
  });

  test('names what is short and how much there is', () => {
    expect(() => requireGranted(lines, [a, b])).toThrow(
      expect.objectContaining({
        status: 409,
        code: 'stock_insufficient',
        errors: [
          {
            field: 'lines.1.quantity',
            code: 'stock_insufficient',
            detail: 'B (b): 4 available, 9 asked for',
          },
        ],
      }),
    );
  });

  test('a product that is not on sale comes before one that is short', () => {
    const gone = { ...a, name: null, available: null, granted: false };
    expect(() => requireGranted(lines, [gone, b])).toThrow(
      expect.objectContaining({
        status: 422,
        code: 'product_unavailable',
        errors: [expect.objectContaining({ field: 'lines.0.product_id' })],
      }),
    );
  });
});

test('moves of many orders: each finds what the one before left, and the last one leaves the stock', () => {
  const unit = fc.record({
    order_id: fc.constantFrom('o1', 'o2', 'o3'),
    product_id: fc.constantFrom('p1', 'p2'),
    quantity: fc.integer({ min: 1, max: 9 }),
  });
  fc.assert(
    fc.property(
      fc.uniqueArray(unit, { selector: (one) => `${one.order_id} ${one.product_id}` }),
      fc.constantFrom(...Object.values(EFFECTS)),
      (units, effect) => {
        const after = ['p1', 'p2'].map((product_id) => ({ product_id, on_hand: 100, reserved: 50 }));
        const moves = movesOf(units, after, effect);
        expect(moves.map(({ order_id, product_id }) => [order_id, product_id])).toEqual(
          units.map(({ order_id, product_id }) => [order_id, product_id]),
        );
        for (const stock of after) {
          const own = moves.filter(({ product_id }) => product_id === stock.product_id);
          own.forEach((move, index) => {
            const next = own[index + 1];
            expect(move.on_hand_after).toBe(
              next === undefined ? stock.on_hand : next.on_hand_after - next.on_hand_delta,
            );
            expect(move.reserved_after).toBe(
              next === undefined ? stock.reserved : next.reserved_after - next.reserved_delta,
            );
          });
        }
      },
    ),
  );
});

describe('needsOf', () => {
  test('sums by product, and comes in one order whatever the order of the lines', () => {
    const lines = [
      { product_id: 'b', quantity: 1 },
      { product_id: 'a', quantity: 2 },
      { product_id: 'b', quantity: 3 },
    ];
    expect(needsOf(lines)).toEqual({ productIds: ['a', 'b'], quantities: [2, 4] });
    expect(needsOf(lines.toReversed())).toEqual(needsOf(lines));
  });
});

describe('replayOf', () => {
  const [a, b] = [newId('product'), newId('product')];
  const priced = (product_id: Id<'product'>, quantity: number) => ({
    product_id,
    quantity,
    sku: 's',
    name: 'n',
    category: null,
    unit_price_cents: 1,
    currency: 'EUR',
    tax_rate_bps: 0,
  });
  const known = { order_id: newId('order'), state: 'held' as const, lines: [priced(a, 1), priced(b, 2)] };
  const requested = [
    { product_id: a, quantity: 1 },
    { product_id: b, quantity: 2 },
  ];

  test('the same lines get the same answer', () => {
    expect(replayOf(known, requested)).toEqual(known);
    expect(replayOf({ ...known, state: 'committed' }, requested).state).toBe('committed');
  });

  test.each([
    [[{ product_id: a, quantity: 1 }]],
    [[...requested, { product_id: 'c', quantity: 1 }]],
    [requested.toReversed()],
    [requested.map((line) => ({ ...line, quantity: 5 }))],
  ])('other lines are refused: %j', (lines) => {
    expect(() => replayOf(known, lines)).toThrow(expect.objectContaining({ code: 'reservation_mismatch' }));
  });

  test.each(['released', 'returned'] as const)('a %s one stays so, whatever the lines', (state) => {
    expect(() => replayOf({ ...known, state }, requested)).toThrow(
      expect.objectContaining({ code: 'reservation_released', status: 409 }),
    );
  });
});

test.each([
  ['pending', undefined],
  ['created', undefined],
  ['rejected', 'release'],
  ['expired', 'release'],
  ['confirmed', 'commit'],
  ['shipped', 'commit'],
  ['delivered', 'commit'],
  ['cancel_pending', 'commit'],
  ['canceled', 'return'],
  [undefined, 'release'],
] as const)('a forgotten reservation of a %s order: %s', (status, settlement) => {
  expect(settlementOf(status)).toBe(settlement);
});
