import { z } from '@hono/zod-openapi';
import { Problem } from '@zoco/kernel';
import { textFault } from './json-body.ts';

/** A whole number in a query. Only digits: an empty text, or `0x5`, would be read as a number, too. */
export const queryInteger = (min: number, max: number) =>
  z
    .string()
    .regex(/^\d{1,15}$/, 'must be a whole number')
    .transform(Number)
    .pipe(z.int().min(min).max(max))
    .openapi({ type: 'integer', minimum: min, maximum: max });

/** Query parameters of every list. */
export const pageQuery = {
  limit: queryInteger(1, 100).default(20).openapi({ default: 20, example: 20 }),
  cursor: z.string().max(1000).optional().openapi({ description: '`next_cursor` of the page before.' }),
};

/** Schema of a list answer. */
export const pageOf = <T extends z.ZodType>(item: T) =>
  z.object({
    data: z.array(item),
    next_cursor: z.string().nullable().openapi({ description: 'Null on the last page.' }),
  });

/**
 * A keyset cursor: the sort key of the last row, bound to what was listed (`scope`: sort and filters), so that a cursor
 * of another list is refused instead of giving odd pages.
 */
export function encodeCursor(scope: string, key: readonly (string | number | null)[]): string {
  return Buffer.from(JSON.stringify([scope, ...key])).toString('base64url');
}

/** @throws Problem `cursor_invalid` (422) unless it came from `encodeCursor` with the same scope and shape */
export function decodeCursor<T extends z.ZodType>(cursor: string, scope: string, key: T): z.output<T> {
  try {
    const parsed: unknown = JSON.parse(
      new TextDecoder('utf-8', { fatal: true }).decode(Buffer.from(cursor, 'base64url')),
    );
    if (isStorable(parsed) && parsed[0] === scope) return key.parse(parsed.slice(1));
  } catch {
    // Falls through to the same refusal: a client cannot do more about it than start again.
  }
  throw new Problem(
    'invalid',
    'cursor_invalid',
    'The cursor is not one of this list. Start again without it.',
    {
      errors: [{ field: 'cursor', code: 'cursor_invalid', detail: 'is not a cursor of this list' }],
    },
  );
}

/** Whether it is a list that Postgres would take: JSON can hold what its texts cannot. */
const isStorable = (parsed: unknown): parsed is unknown[] =>
  Array.isArray(parsed) && parsed.every((part) => typeof part !== 'string' || textFault(part) === undefined);

/** Cuts a list that was read with one row more than `limit` into a page. */
export function toPage<T>(
  rows: readonly T[],
  limit: number,
  cursorOf: (last: T) => string,
): { data: T[]; next_cursor: string | null } {
  const data = rows.slice(0, limit);
  const last = data.at(-1);
  return { data, next_cursor: rows.length > limit && last !== undefined ? cursorOf(last) : null };
}
