import { Problem } from '@zoco/kernel';
import type { Tx } from '@zoco/postgres';
import {
  fingerprintOf,
  idempotencyKeyInFlight,
  idempotencyKeyReused,
  problemResponse,
  type UserCtx,
} from '@zoco/service';
import {
  type Answer,
  type Claim,
  claimKey,
  completeKey,
  findKey,
  type KeyScope,
  noteResource,
  releaseKey,
  takeOverKey,
} from '../db/idempotency.ts';

export interface KeyedRequest {
  /** Undefined where the key is optional and none came. */
  readonly key: string | undefined;
  /** Method and route. */
  readonly operation: string;
  readonly path: string;
  /** What two requests with one key must agree in: body and path parameters. */
  readonly body: unknown;
}

export interface OnceAnswer extends Answer {
  readonly replayed: boolean;
}

export interface OnceWork {
  /** Begins the work in the transaction that claims the key, and names what it began. */
  start(tx: Tx): Promise<string>;
  /** Brings what was begun to an answer; called again, with the same name, when the first caller died. */
  finish(resource: string): Promise<{ status: 200 | 201 | 202; body: unknown }>;
}

/** Refusals that are about the matter itself and will be the same when asked again. */
const KEPT_KINDS = new Set(['conflict', 'declined']);

/** Begins and answers a request once per idempotency key; who repeats it gets the same bytes. */
export async function answerOnce(ctx: UserCtx, request: KeyedRequest, work: OnceWork): Promise<OnceAnswer> {
  const { key, operation } = request;
  if (key === undefined) {
    const resource = await ctx.transact((tx) => work.start(tx));
    return { ...success(await work.finish(resource)), replayed: false };
  }
  const scope: KeyScope = { principal: ctx.principal.id, operation, key };
  const begun = await ctx.transact((tx) => begin(tx, scope, request, work));
  if ('answer' in begun) return begun.answer;
  const answer = await finish(ctx, begun.claim, request, () => work.finish(begun.resource));
  const kept = await ctx.transact((tx) => completeKey(tx, begun.claim, answer));
  // Somebody took over and has, or will have, the same answer.
  if (!kept) throw idempotencyKeyInFlight();
  return { ...answer, replayed: false };
}

type Begun = { readonly answer: OnceAnswer } | { readonly claim: Claim; readonly resource: string };

async function begin(tx: Tx, scope: KeyScope, request: KeyedRequest, work: OnceWork): Promise<Begun> {
  const fingerprint = fingerprintOf(request.operation, request.body);
  if (!(await claimKey(tx, scope, fingerprint))) return resume(tx, scope, fingerprint);
  const claim = { ...scope, attempt: 1 };
  try {
    const resource = await work.start(tx);
    await noteResource(tx, claim, resource);
    return { claim, resource };
  } catch (error) {
    const answer = await keptRefusal(error, request);
    if (answer === undefined) throw error;
    await completeKey(tx, claim, answer);
    return { answer: { ...answer, replayed: false } };
  }
}

async function resume(tx: Tx, scope: KeyScope, fingerprint: string): Promise<Begun> {
  const known = await findKey(tx, scope, fingerprint);
  if (known === undefined) throw idempotencyKeyInFlight();
  if (!known.isSame) throw idempotencyKeyReused();
  if (known.status !== null && known.body !== null) {
    return { answer: { status: known.status, body: known.body, replayed: true } };
  }
  const claim = { ...scope, attempt: known.attempt };
  if (!known.isLapsed || !(await takeOverKey(tx, claim))) throw idempotencyKeyInFlight();
  return { claim: { ...claim, attempt: claim.attempt + 1 }, resource: known.resource };
}

async function finish(
  ctx: UserCtx,
  claim: Claim,
  request: KeyedRequest,
  work: () => ReturnType<OnceWork['finish']>,
): Promise<Answer> {
  try {
    return success(await work());
  } catch (error) {
    const answer = await keptRefusal(error, request);
    if (answer !== undefined) return answer;
    await ctx.transact((tx) => releaseKey(tx, claim));
    throw error;
  }
}

const success = ({ status, body }: { status: number; body: unknown }): Answer => ({
  status,
  body: JSON.stringify(body),
});

async function keptRefusal(error: unknown, { path }: KeyedRequest): Promise<Answer | undefined> {
  if (!(error instanceof Problem) || !KEPT_KINDS.has(error.kind)) return undefined;
  return { status: error.status, body: await problemResponse(error, path).text() };
}
