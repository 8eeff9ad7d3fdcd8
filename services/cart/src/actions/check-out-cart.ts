import { idField, type PlaceOrderRequest } from '@zoco/contracts';
import { type Id, Problem } from '@zoco/kernel';
import {
  CallOutcomeUnknown,
  type CallService,
  type Ctx,
  type Failpoint,
  fingerprintOf,
  IDEMPOTENCY_IN_FLIGHT,
  idempotencyKeyReused,
} from '@zoco/service';
import { z } from 'zod';
import { type Checkout, findHindrance, freezeCheckout, releaseCheckout } from '../db/checkouts.ts';
import { checkouts } from '../metrics.ts';
import type { OwnCheckouts } from '../own-checkouts.ts';
import { finishCheckout } from './finish-checkout.ts';

export interface CheckoutDeps {
  readonly call: CallService;
  readonly own: OwnCheckouts;
  readonly failpoint: Failpoint;
  readonly holdSeconds: number;
}

export interface CheckoutRequest {
  readonly userId: Id<'user'>;
  readonly userToken: string;
  readonly key: string;
  readonly input: Omit<PlaceOrderRequest, 'cart_id' | 'items'>;
}

/** The order as orders shows it; only its id matters here, the rest passes through as it came. */
const placedOrder = z.looseObject({ id: idField('order') });
export type PlacedOrder = z.infer<typeof placedOrder>;

const ORDER_TIMEOUT_MS = 4000;

/**
 * Turns the user's cart into an order: freezes what is asked for, asks orders, closes the cart. Each step may be cut off and
 * repeated with the same key, and ends in the same order; what orders refuses leaves the cart as it was.
 * @throws Problem `cart_empty`, `cart_checkout_in_flight`, those of idempotency keys and those of orders: `cart_checked_out` when
 *   another key has turned the cart into an order
 * @throws CallOutcomeUnknown when orders did not answer; the cart stays held for this key
 */
export async function checkOutCart(
  deps: CheckoutDeps,
  ctx: Ctx,
  request: CheckoutRequest,
): Promise<{ order: PlacedOrder; replayed: boolean }> {
  try {
    const placed = await checkOut(deps, ctx, request);
    checkouts.inc({ outcome: placed.replayed ? 'replayed' : 'placed' });
    return placed;
  } catch (error) {
    checkouts.inc({ outcome: error instanceof Problem && error.status < 500 ? 'refused' : 'unknown' });
    throw error;
  }
}

async function checkOut(
  deps: CheckoutDeps,
  ctx: Ctx,
  request: CheckoutRequest,
): Promise<{ order: PlacedOrder; replayed: boolean }> {
  const checkout = await freeze(deps, ctx, request);
  deps.failpoint('cart-after-freeze');
  const { cart_id: cartId, items } = checkout;
  const order = await deps.own.follow(cartId, async () => {
    const placed = await place(deps, ctx, request, checkout);
    deps.failpoint('cart-after-order');
    if (checkout.order_id === null)
      await ctx.transactTogether({ kind: 'finish-checkout', key: cartId }, (tx) =>
        finishCheckout(tx, { cartId, orderId: placed.id, items, key: request.key }),
      );
    return placed;
  });
  return { order, replayed: checkout.order_id !== null || !checkout.held };
}

function freeze(deps: CheckoutDeps, ctx: Ctx, request: CheckoutRequest): Promise<Checkout> {
  const fingerprint = fingerprintOf('POST /cart/checkout', request.input);
  return ctx.transactTogether({ kind: 'freeze-cart', key: request.userId }, async (tx) => {
    const attempt = () => freezeCheckout(tx, request, fingerprint, deps.holdSeconds);
    // Nothing also comes back when a twin with the same key was first, which a second look sees.
    const checkout = (await attempt()) ?? (await attempt());
    if (checkout === undefined) {
      const cart = await findHindrance(tx, request.userId);
      if (cart !== undefined && cart.checkout_key !== null) throw checkoutInFlight();
      throw new Problem('conflict', 'cart_empty', 'The cart is empty: there is nothing to check out.');
    }
    if (checkout.fingerprint !== fingerprint) throw idempotencyKeyReused();
    if (checkout.order_id !== null || checkout.held) return checkout;
    const cart = await findHindrance(tx, request.userId);
    if (cart !== undefined && cart.checkout_key !== null) throw checkoutInFlight();
    // The cart was closed, but by which key only orders knows: it repeats the answer of this one, or refuses a second order.
    return checkout;
  });
}

async function place(
  { call }: CheckoutDeps,
  ctx: Ctx,
  request: CheckoutRequest,
  checkout: Checkout,
): Promise<PlacedOrder> {
  try {
    return await call('placeOrder', placedOrder, {
      body: { cart_id: checkout.cart_id, items: checkout.items, ...request.input },
      headers: { 'idempotency-key': request.key },
      userToken: request.userToken,
      tenantId: ctx.tenantId,
      timeoutMs: ORDER_TIMEOUT_MS,
      retries: 1,
    });
  } catch (error) {
    if (isRefusal(error)) await ctx.transact((tx) => releaseCheckout(tx, request, checkout.cart_id));
    throw error;
  }
}

/** What orders answers before it looks for the key, which an earlier try may have turned into an order. */
const SAID_BEFORE_LOOKING = new Set([401, 403, 429]);

/** Orders has said no. Anything else leaves open whether there is an order, and the cart held. */
function isRefusal(error: unknown): boolean {
  if (!(error instanceof Problem) || error instanceof CallOutcomeUnknown) return false;
  return error.code !== IDEMPOTENCY_IN_FLIGHT && !SAID_BEFORE_LOOKING.has(error.status);
}

function checkoutInFlight(): Problem {
  return new Problem(
    'conflict',
    'cart_checkout_in_flight',
    'Another checkout of this cart is under way. Try again with its Idempotency-Key, or later.',
    { retryAfterSeconds: 5 },
  );
}
