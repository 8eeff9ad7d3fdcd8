import { createHash } from 'node:crypto';
import { z } from '@hono/zod-openapi';
import { canonicalJson, holdsCardNumber, Problem } from '@zoco/kernel';
import type { HonoRequest } from 'hono';

const keyHeader = (required: boolean) =>
  z.string().optional().openapi({
    param: { required },
    description:
      '16 to 255 visible ASCII characters, one per intent: the same key with the same body gives the same answer. `X-Idempotency-Key` means the same.',
    example: '5f0c9b52-8a4b-4ac0-9a24-6b1f6f6c2b6d',
  });

/** Documents the header on a route; `idempotencyKeyOf` reads it, because its refusals are 400 and not 422. */
export const idempotencyHeaders = z.object({ 'idempotency-key': keyHeader(true) });

/** The same where it may be left out, because repeating the request does no harm. */
export const optionalIdempotencyHeaders = z.object({ 'idempotency-key': keyHeader(false) });

const BARE = /^[\x21-\x7e]{16,255}$/;
const QUOTED = /^"((?:[\x20-\x21\x23-\x5b\x5d-\x7e]|\\["\\])*)"$/;

/**
 * The idempotency key of a request, from `Idempotency-Key` or `X-Idempotency-Key`, bare or as a quoted string.
 * @throws Problem `malformed` when it is missing or is not 16 to 255 visible ASCII characters, `invalid` when it holds a card number
 * @see https://datatracker.ietf.org/doc/draft-ietf-httpapi-idempotency-key-header/
 */
export function idempotencyKeyOf(request: HonoRequest): string {
  const header = request.header('idempotency-key') ?? request.header('x-idempotency-key');
  if (header === undefined) {
    throw new Problem(
      'malformed',
      'idempotency_key_required',
      'Send an Idempotency-Key header: a new random value per intent, the same one when you try again.',
    );
  }
  const quoted = QUOTED.exec(header.trim())?.[1];
  const key = quoted === undefined ? header.trim() : quoted.replaceAll(/\\(["\\])/g, '$1');
  if (!BARE.test(key)) {
    throw new Problem(
      'malformed',
      'idempotency_key_invalid',
      'The Idempotency-Key must have 16 to 255 visible ASCII characters.',
    );
  }
  if (holdsCardNumber(key)) {
    throw new Problem('invalid', 'request_invalid', 'The request is not valid.', {
      errors: [{ field: 'idempotency-key', code: 'custom', detail: 'looks like a card number' }],
    });
  }
  return key;
}

/** SHA-256 in hex over what the request asks for: two requests with one key must agree in it. */
export function fingerprintOf(operation: string, body: unknown): string {
  return createHash('sha256')
    .update(canonicalJson([operation, body ?? null]))
    .digest('hex');
}

/** Code of the 409 while the first request with this key still runs: it tells nothing of the outcome. */
export const IDEMPOTENCY_IN_FLIGHT = 'idempotency_key_in_flight';

export function idempotencyKeyInFlight(): Problem {
  return new Problem(
    'conflict',
    IDEMPOTENCY_IN_FLIGHT,
    'A request with this Idempotency-Key is being worked on. Try again in a moment.',
    { retryAfterSeconds: 1 },
  );
}

export function idempotencyKeyReused(): Problem {
  return new Problem(
    'invalid',
    'idempotency_key_reused',
    'This Idempotency-Key was used with another request. Take a new one for a new intent.',
  );
}

/** Marks an answer that was given before. */
export const IDEMPOTENCY_REPLAYED_HEADER = 'idempotency-replayed';
