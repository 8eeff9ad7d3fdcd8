import { z } from '@hono/zod-openapi';

/** A day (`2026-11-01`) or a moment (`2026-11-01T08:00:00Z`). Years that no order can be of, and Postgres cannot read, are refused. */
export const dayOrTime = z
  .union([z.iso.date(), z.iso.datetime({ offset: true })])
  .refine((text) => text >= '1900', 'is too long ago');
