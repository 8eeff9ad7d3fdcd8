import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  KEY_STATES,
  type KeyState,
  planRotation,
  type RotationPlan,
  type SigningKeyAge,
} from './key-rotation.ts';

const DAY = 86_400;
const key = (kid: string, state: KeyState, inStateSeconds: number): SigningKeyAge => ({
  kid,
  state,
  inStateSeconds,
});
const nothing: RotationPlan = { drop: [], retire: undefined, promote: undefined, create: [] };

describe('by age', () => {
  test.each<[string, SigningKeyAge[], Partial<RotationPlan>]>([
    ['the very first start', [], { create: ['current', 'next'] }],
    ['all is well', [key('c', 'current', DAY), key('n', 'next', DAY)], {}],
    [
      'it is time',
      [key('c', 'current', 30 * DAY), key('n', 'next', DAY)],
      { retire: 'c', promote: 'n', create: ['next'] },
    ],
    [
      'the next key is not known to everybody yet',
      [key('c', 'current', 30 * DAY), key('n', 'next', 599)],
      {},
    ],
    ['there is no next key', [key('c', 'current', 30 * DAY)], { create: ['next'] }],
    ['there is only a next key', [key('n', 'next', 1)], { promote: 'n', create: ['next'] }],
    [
      'tokens of the previous one may be around',
      [key('p', 'previous', 1799), key('c', 'current', 1), key('n', 'next', 1)],
      {},
    ],
    [
      'no token of the previous one is left',
      [key('p', 'previous', 1800), key('c', 'current', 1), key('n', 'next', 1)],
      { drop: ['p'] },
    ],
  ])('%s', (_name, keys, plan) => {
    expect(planRotation(keys, 30 * DAY, 'age')).toEqual({ ...nothing, ...plan });
  });
});

test('on demand the next key signs at once', () => {
  const keys = [key('c', 'current', 1), key('n', 'next', 1)];
  expect(planRotation(keys, DAY, 'now')).toEqual({ ...nothing, retire: 'c', promote: 'n', create: ['next'] });
});

test('a revocation leaves no key of before', () => {
  const keys = [key('p', 'previous', 1), key('c', 'current', 1), key('n', 'next', 1)];
  expect(planRotation(keys, DAY, 'revoke')).toEqual({
    ...nothing,
    drop: ['p', 'c', 'n'],
    create: ['current', 'next'],
  });
});

test('whatever there was, afterwards there is one current and one next key, and no token in use loses its key', () => {
  const keys = fc
    .uniqueArray(
      fc.record({
        kid: fc.string({ minLength: 1, maxLength: 3 }),
        state: fc.constantFrom(...KEY_STATES),
        inStateSeconds: fc.nat(100 * DAY),
      }),
      { selector: ({ kid }) => kid, maxLength: 6 },
    )
    .filter((list) =>
      (['next', 'current'] as const).every((state) => list.filter((one) => one.state === state).length <= 1),
    );
  fc.assert(
    fc.property(
      keys,
      fc.constantFrom('age' as const, 'now' as const, 'revoke' as const),
      (before, reason) => {
        const plan = planRotation(before, 30 * DAY, reason);
        const after = before
          .filter(({ kid }) => !plan.drop.includes(kid))
          .map(({ kid, state }) =>
            kid === plan.retire ? 'previous' : kid === plan.promote ? 'current' : state,
          );
        const states = [...after, ...plan.create];
        expect(states.filter((state) => state === 'current')).toHaveLength(1);
        expect(states.filter((state) => state === 'next')).toHaveLength(1);
        const lost = before.filter(
          ({ kid, state, inStateSeconds }) =>
            plan.drop.includes(kid) &&
            (state === 'current' || (state === 'previous' && inStateSeconds < 900)),
        );
        expect(reason === 'revoke' ? [] : lost).toEqual([]);
      },
    ),
  );
});
