import { Problem } from '@zoco/kernel';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { decodeCursor, encodeCursor, pageQuery, toPage } from './pagination.ts';

const SCOPE = 'created_at desc|status=paid';
const key = z.tuple([z.iso.datetime(), z.string().max(64)]);
const good = encodeCursor(SCOPE, ['2026-11-22T10:15:00.000Z', 'ord_1']);

const encoded = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');

function refusal(cursor: string): Problem {
  try {
    decodeCursor(cursor, SCOPE, key);
  } catch (error) {
    if (error instanceof Problem) return error;
    throw error;
  }
  throw new Error('the cursor was taken');
}

test('a cursor comes back as it went', () => {
  const anyKey = fc.array(fc.oneof(fc.string({ unit: 'grapheme' }), fc.integer(), fc.constant(null)));
  fc.assert(
    fc.property(fc.string(), anyKey, (scope, values) => {
      const schema = z.array(z.union([z.string(), z.number(), z.null()]));
      expect(decodeCursor(encodeCursor(scope, values), scope, schema)).toEqual(values);
    }),
  );
});

describe('422 for anything that is no cursor of this list', () => {
  test.each([
    ['nothing', ''],
    ['no base64', '%%%'],
    ['no JSON', Buffer.from('hello').toString('base64url')],
    ['no UTF-8', Buffer.from([0xff, 0xfe]).toString('base64url')],
    ['no list', encoded({ 0: SCOPE })],
    ['null', encoded(null)],
    ['another list', encodeCursor('created_at asc|status=paid', ['2026-11-22T10:15:00.000Z', 'ord_1'])],
    ['no scope', encoded(['2026-11-22T10:15:00.000Z', 'ord_1'])],
    ['a key of another shape', encoded([SCOPE, 'ord_1', '2026-11-22T10:15:00.000Z'])],
    ['a key that is too short', encoded([SCOPE, '2026-11-22T10:15:00.000Z'])],
    ['a key that is too long', encoded([SCOPE, '2026-11-22T10:15:00.000Z', 'ord_1', 1])],
    ['SQL', encoded([SCOPE, "2026-11-22T10:15:00.000Z' or true --", 'ord_1'])],
    ['an object in the key', encoded([SCOPE, { toString: 'x' }, 'ord_1'])],
    ['a key of a megabyte', encoded([SCOPE, '2026-11-22T10:15:00.000Z', 'x'.repeat(1_000_000)])],
    ['NUL', encoded([SCOPE, '2026-11-22T10:15:00.000Z', '\0'])],
    ['half a character', encoded([SCOPE, '2026-11-22T10:15:00.000Z', '\ud800'])],
    ['half of one', good.slice(0, -6)],
  ])('%s', (_what, cursor) => {
    expect(refusal(cursor)).toMatchObject({
      status: 422,
      code: 'cursor_invalid',
      errors: [{ field: 'cursor' }],
    });
  });

  test('whatever character is changed: refused, or a key of the right shape', () => {
    fc.assert(
      fc.property(fc.nat(good.length - 1), fc.string({ minLength: 1, maxLength: 1 }), (at, char) => {
        const changed = good.slice(0, at) + char + good.slice(at + 1);
        const isSafe = (): boolean => {
          try {
            return key.safeParse(decodeCursor(changed, SCOPE, key)).success;
          } catch (error) {
            return error instanceof Problem;
          }
        };
        expect(isSafe()).toBe(true);
      }),
      { numRuns: 500 },
    );
  });
});

test('a walk by pages sees every row once, whatever the page size', () => {
  fc.assert(
    fc.property(fc.nat(60), fc.integer({ min: 1, max: 20 }), (total, limit) => {
      const rows = Array.from({ length: total }, (_, index) => index);
      const seen: number[] = [];
      let from = 0;
      for (let cursor: string | null = ''; cursor !== null;) {
        const page = toPage(rows.slice(from, from + limit + 1), limit, String);
        expect(page.data.length).toBeLessThanOrEqual(limit);
        seen.push(...page.data);
        cursor = page.next_cursor;
        if (cursor !== null) from = Number(cursor) + 1;
      }
      expect(seen).toEqual(rows);
    }),
  );
});

describe('limit', () => {
  const query = z.strictObject(pageQuery);
  test.each([
    [{}, 20],
    [{ limit: '1' }, 1],
    [{ limit: '100' }, 100],
  ])('%j', (given, limit) => {
    expect(query.parse(given)).toMatchObject({ limit });
  });
  test.each(['0', '101', '-1', '1.5', 'x', '', '1e400'])('%j is refused', (limit) => {
    expect(query.safeParse({ limit }).success).toBe(false);
  });
});
