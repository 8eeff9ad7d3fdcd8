import type { AppEnv } from '@zoco/service';
import { hasRole, IDEMPOTENCY_REPLAYED_HEADER, idempotencyKeyOf, type UserCtx } from '@zoco/service';
import type { Context, TypedResponse } from 'hono';
import type { KeyedRequest, OnceAnswer } from '../actions/answer-once.ts';

/** Whose payments the caller may see: their own, or, for staff, everybody's (undefined). */
export function visibleUserId({ principal }: UserCtx): string | undefined {
  return hasRole(principal.roles, 'staff') ? undefined : principal.id;
}

const ANSWER_MARGIN_MS = 300;

/** How long a request may wait for the provider: as configured, but not longer than its caller waits. */
export function waitMsOf(c: Context<AppEnv, string>, configuredMs: number): number {
  return Math.max(0, Math.min(configuredMs, c.var.deadlineMs - performance.now() - ANSWER_MARGIN_MS));
}

interface Keyed {
  readonly operation: string;
  readonly body: unknown;
}

/** The request with its key. @throws Problem `idempotency_key_required` when there is none */
export function keyedRequest(
  c: Context<AppEnv, string>,
  keyed: Keyed,
): KeyedRequest & { readonly key: string } {
  return { ...keyed, key: idempotencyKeyOf(c.req), path: c.req.path };
}

/** The same where the key may be left out, because repeating the request changes nothing anyway. */
export function maybeKeyedRequest(c: Context<AppEnv, string>, keyed: Keyed): KeyedRequest {
  const isKeyed = c.req.header('idempotency-key') ?? c.req.header('x-idempotency-key');
  return isKeyed === undefined ? { ...keyed, key: undefined, path: c.req.path } : keyedRequest(c, keyed);
}

/** The answer with the bytes that were kept: a success with one of the statuses `S`, or a refusal. */
export function respond<S extends 200 | 201 | 202>({
  status,
  body,
  replayed,
}: OnceAnswer): Response & TypedResponse<never, S, 'json'> {
  const headers = new Headers({
    'content-type': status < 400 ? 'application/json' : 'application/problem+json',
    'cache-control': 'no-store',
  });
  if (replayed) headers.set(IDEMPOTENCY_REPLAYED_HEADER, 'true');
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the text was made from a value of the route's schema
  return new Response(body, { status, headers }) as Response & TypedResponse<never, S, 'json'>;
}
