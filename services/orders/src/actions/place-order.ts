import { type Id, isId, newId, Problem } from '@zoco/kernel';
import { isUniqueViolation } from '@zoco/postgres';
import { fingerprintOf, hasRole, idempotencyKeyInFlight, type UserCtx } from '@zoco/service';
import { type Claim, findKey, type KeyScope, takeOverKey } from '../db/idempotency.ts';
import { findOrder } from '../db/order.ts';
import {
  currentTime,
  findLiveOrderOf,
  findReferenced,
  insertPending,
  LIVE_ORDER_OF_CART,
  type NewOrder,
  type PendingOrder,
  REFERENCE_OF_CUSTOMER,
} from '../db/placing.ts';
import type { PendingRequest } from '../db/schema.ts';
import { checkoutDuration } from '../metrics.ts';
import type { OrderDeps } from '../order-deps.ts';
import { checkPlacement, mergeItems, type Placement } from '../rules/placement.ts';
import { answerOf, ClaimLost, locationOf, type StoredAnswer } from '../stored-answer.ts';
import { finishOrder } from './finish-order.ts';

export interface PlaceOrderInput extends Placement {
  /** Method and route, which the key belongs to. */
  readonly operation: string;
  readonly key: string;
  /** What two requests with one key must agree in. */
  readonly body: unknown;
  readonly cartId: Id<'cart'> | null;
  readonly customerId: Id<'customer'> | null;
  readonly shippingAddress: NewOrder['shippingAddress'];
  readonly orchestration: PendingRequest['orchestration'];
}

/**
 * Places an order once per idempotency key, whatever happens in between: the key and the pending order are written first, then
 * the catalog is asked, then the order is created. A retry goes on where the last try stopped, with the same order id.
 * @throws Problem when the request cannot be placed at all, the key is in use, or a neighbour does not answer
 */
export async function placeOrder(
  ctx: UserCtx,
  deps: OrderDeps,
  input: PlaceOrderInput,
): Promise<StoredAnswer> {
  const stop = checkoutDuration.startTimer();
  let outcome = 'failed';
  try {
    const answer = await place(ctx, deps, input);
    outcome = answer.replayed ? 'replayed' : answer.status < 400 ? 'created' : 'refused';
    return answer;
  } finally {
    stop({ outcome });
  }
}

async function place(ctx: UserCtx, deps: OrderDeps, input: PlaceOrderInput): Promise<StoredAnswer> {
  const request = checkedRequest(ctx, deps, input);
  const scope = { principal: ctx.principal.id, operation: input.operation, key: input.key };
  const fingerprint = fingerprintOf(input.operation, input.body);
  const number = await deps.numbers.next(ctx.tenant, ctx.now());
  const order = newOrder(ctx, input, request, number);
  const openMax = hasRole(ctx.principal.roles, 'staff') ? null : deps.config.ORDERS_OPEN_MAX;
  // Apart from others of the same buyer where open orders are counted.
  const sharing = { kind: 'place-order', key: openMax === null ? order.id : scope.principal };
  const claiming = ctx.transactTogether(sharing, async (tx) => {
    const time = await insertPending(tx, order, {
      scope,
      fingerprint,
      leaseSeconds: deps.config.ORDERS_LEASE_SECONDS,
      openMax,
    });
    deps.failpoint('after-claim');
    return time;
  });
  const createdAt = await claiming.catch(async (error: unknown) => {
    const taken = await takenProblem(ctx, order, error);
    deps.numbers.giveBack(ctx.tenant, number);
    throw taken;
  });
  deps.failpoint('after-pending');
  try {
    if (createdAt !== undefined)
      return await finishOrder(ctx, deps, { ...order, createdAt }, { ...scope, attempt: 1 }, createdAt);
    deps.numbers.giveBack(ctx.tenant, number);
    return await resume(ctx, deps, scope, fingerprint);
  } catch (error) {
    if (!(error instanceof ClaimLost)) throw error;
    return replay(ctx, scope, fingerprint);
  }
}

/** @throws Problem when this may not be ordered by this user in this way */
function checkedRequest(ctx: UserCtx, deps: OrderDeps, input: PlaceOrderInput): PendingRequest {
  const { id, roles } = ctx.principal;
  const items = mergeItems(input.items);
  const limits = {
    linesMax: deps.config.ORDERS_LINES_MAX,
    quantityMax: deps.config.ORDERS_QUANTITY_MAX,
  };
  const by = { isStaff: hasRole(roles, 'staff'), isPerson: isId('user', id) };
  checkPlacement({ ...input, items }, by, limits);
  return { items, payment_token: input.paymentToken, orchestration: input.orchestration };
}

function newOrder(ctx: UserCtx, input: PlaceOrderInput, request: PendingRequest, number: string): NewOrder {
  const { principal, tenant } = ctx;
  const isB2b = input.customerId !== null;
  return {
    id: newId('order'),
    number,
    userId: !isB2b && isId('user', principal.id) ? principal.id : null,
    customerId: input.customerId,
    reference: input.reference,
    placedBy: principal.id,
    cartId: input.cartId,
    paymentMethod: input.paymentMethod,
    currency: tenant.currency,
    locale: tenant.locale,
    pricesIncludeTax: tenant.prices_include_tax,
    shippingAddress: input.shippingAddress,
    request,
  };
}

/** The key was used before: gives its answer, or takes the work over from whoever left it unfinished. */
async function resume(
  ctx: UserCtx,
  deps: OrderDeps,
  scope: KeyScope,
  fingerprint: string,
): Promise<StoredAnswer> {
  const found = await ctx.transact(async (tx) => {
    const known = await findKey(tx, scope, fingerprint);
    if (known === undefined) throw tooManyOpen(deps.config.ORDERS_OPEN_MAX);
    const answer = answerOf(known);
    if (answer !== undefined) return { answer };
    const claim = await takeOverKey(
      tx,
      { ...scope, attempt: known.attempt },
      deps.config.ORDERS_LEASE_SECONDS,
    );
    if (claim === undefined) throw idempotencyKeyInFlight();
    const [order, now] = await Promise.all([findOrder(tx, known.resourceId), currentTime(tx)]);
    if (order?.status !== 'pending' || order.request === null)
      throw new Error('a key is open, but its order is not pending');
    return { work: { claim, pending: { ...order, request: order.request }, now } };
  });
  if (found.answer !== undefined) return found.answer;
  const { claim, pending, now }: { claim: Claim; pending: PendingOrder; now: Date } = found.work;
  return finishOrder(ctx, deps, pending, claim, now);
}

async function replay(ctx: UserCtx, scope: KeyScope, fingerprint: string): Promise<StoredAnswer> {
  const known = await ctx.read((tx) => findKey(tx, scope, fingerprint));
  const answer = known === undefined ? undefined : answerOf(known);
  if (answer === undefined) throw idempotencyKeyInFlight();
  return answer;
}

/** Why the order may not be written beside one that is there. @throws `error` when that is not what is wrong */
async function takenProblem(ctx: UserCtx, order: NewOrder, error: unknown): Promise<Problem> {
  if (isUniqueViolation(error, LIVE_ORDER_OF_CART)) return cartTaken(ctx, order.cartId);
  if (isUniqueViolation(error, REFERENCE_OF_CUSTOMER)) return referenceTaken(ctx, order);
  throw error;
}

/** Another key was first with this cart. What it placed is named rather than answered: this request may have asked for something else. */
async function cartTaken(ctx: UserCtx, cartId: Id<'cart'> | null): Promise<Problem> {
  const order = await ctx.read((tx) => findLiveOrderOf(tx, cartId));
  if (order === undefined || order.status === 'pending') {
    return new Problem(
      'conflict',
      'cart_checkout_in_flight',
      'Another checkout of this cart is under way. Try again with its Idempotency-Key, or later.',
      { retryAfterSeconds: 5 },
    );
  }
  return new Problem(
    'conflict',
    'cart_checked_out',
    'Another checkout has turned this cart into an order, which is named here.',
    { extensions: { order_id: order.id }, location: locationOf(order.id) },
  );
}

/** The customer has an order with this reference. It is named even while it is pending: whoever knows it can see what becomes of it. */
async function referenceTaken(ctx: UserCtx, order: NewOrder): Promise<Problem> {
  const id = await ctx.read((tx) => findReferenced(tx, order));
  const detail = 'The customer has an order with this reference already.';
  // It was given up just now, so that the reference is free again.
  if (id === undefined)
    return new Problem('conflict', 'order_reference_taken', detail, { retryAfterSeconds: 1 });
  return new Problem('conflict', 'order_reference_taken', `${detail} It is named here.`, {
    extensions: { order_id: id },
    location: locationOf(id),
  });
}

function tooManyOpen(openMax: number): Problem {
  return new Problem(
    'conflict',
    'order_open_limit',
    `You have ${openMax} orders that are not paid yet. Pay or cancel one first.`,
  );
}
