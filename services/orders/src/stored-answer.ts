import { Problem } from '@zoco/kernel';
import { idempotencyKeyReused, problemResponse } from '@zoco/service';
import type { Answer, KnownKey } from './db/idempotency.ts';

/** An answer that is kept under an idempotency key: the first caller and every later one get these very bytes. */
export interface StoredAnswer extends Answer {
  readonly replayed: boolean;
}

/** Somebody else took over the key, or the order: what was being written must not be committed. */
export class ClaimLost extends Error {
  override readonly name = 'ClaimLost';
}

/** Where clients find an order. */
export const locationOf = (orderId: string) => `/api/v1/orders/${orderId}`;

/** The answer that tells of a success. */
export function success(status: 200 | 201, body: unknown): Answer {
  return { status, body: JSON.stringify(body) };
}

/** The answer that tells why it was refused. `path` is what was asked for. */
export async function refusal(problem: Problem, path: string): Promise<Answer> {
  return { status: problem.status, body: await problemResponse(problem, path).text() };
}

/**
 * What a key that was used before answers; undefined while its work is not finished.
 * @throws Problem `idempotency_key_reused` or `idempotency_key_expired`
 */
export function answerOf(known: KnownKey): StoredAnswer | undefined {
  if (!known.isSame) throw idempotencyKeyReused();
  if (!known.isCompleted) return undefined;
  if (known.status === null || known.body === null) {
    throw new Problem(
      'conflict',
      'idempotency_key_expired',
      'This Idempotency-Key was used more than a day ago; the order it made is named here.',
      { extensions: { order_id: known.resourceId }, location: locationOf(known.resourceId) },
    );
  }
  return { status: known.status, body: known.body, replayed: true };
}
