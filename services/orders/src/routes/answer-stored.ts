import { z } from '@hono/zod-openapi';
import { type AppEnv, IDEMPOTENCY_REPLAYED_HEADER, problemSchema } from '@zoco/service';
import type { Context } from 'hono';
import { locationOf, type StoredAnswer } from '../stored-answer.ts';

type ProblemDocument = z.infer<typeof problemSchema>;

/** Statuses of the refusals that are kept under a key. */
const keptRefusal = z.union([z.literal(404), z.literal(409), z.literal(410), z.literal(413), z.literal(422)]);

/** Documents them on a route that answers with `answerStored`. Named one by one there: a spread loses the numbers in the type. */
export const kept = {
  missing: problemOf('No such order, product or customer.'),
  refused: problemOf('Refused by stock or state, or the Idempotency-Key is in use; `code` tells.'),
  gone: problemOf('A product is gone.'),
  large: problemOf('The body is too large.'),
  invalid: problemOf('A field is not valid, or the Idempotency-Key was used with another body.'),
};

function problemOf(description: string) {
  return { description, content: { 'application/problem+json': { schema: problemSchema } } };
}

/**
 * Sends an answer that is kept under an idempotency key, byte for byte.
 * @param madeBy finds the order that was made in the answer of a success, for the header `Location`
 */
export function answerStored<T extends object, S extends 200 | 201>(
  c: Context<AppEnv>,
  answer: StoredAnswer,
  success: S,
  madeBy?: (document: T) => { readonly id: string },
) {
  const headers: Record<string, string> = answer.replayed ? { [IDEMPOTENCY_REPLAYED_HEADER]: 'true' } : {};
  const document: unknown = JSON.parse(answer.body);
  if (answer.status === success) {
    const body = written<T>().parse(document);
    if (madeBy !== undefined) headers['Location'] = locationOf(madeBy(body).id);
    return c.json(body, success, headers);
  }
  return c.json(written<ProblemDocument>().parse(document), keptRefusal.parse(answer.status), {
    ...headers,
    'Content-Type': 'application/problem+json',
    'Cache-Control': 'no-store',
  });
}

/** It was written by us as this; today's schema could refuse what an older version wrote, and would order its fields anew. */
const written = <T extends object>() => z.custom<T>((value) => typeof value === 'object' && value !== null);
