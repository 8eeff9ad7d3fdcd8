import { z } from '@hono/zod-openapi';

const form = z.union([z.iso.date(), z.iso.datetime({ offset: true })]);

/** A day (`2026-11-01`) or a moment (`2026-11-01T08:00:00Z`). Years that no order can be of, and Postgres cannot read, are refused. */
export const dayOrTime = z
  .string()
  .max(40)
  .refine((text) => form.safeParse(text).success, {
    message:
      'must be a day such as 2026-11-01 or a moment such as 2026-11-01T08:00:00Z, with any + sent as %2B',
    abort: true,
  })
  .refine(isNear, 'is too long ago, or too far ahead')
  .openapi({ example: '2026-11-01' });

/** By the clocks of UTC: with its offset, a moment may be of another year than the one it begins with. */
function isNear(text: string): boolean {
  const year = new Date(text).getUTCFullYear();
  return year >= 1900 && year <= 9999;
}
