import { z } from '@hono/zod-openapi';
import { paymentMethod, transferTarget } from '@zoco/contracts';
import {
  addressInput,
  createRouter,
  defineRoute,
  IDEMPOTENCY_REPLAYED_HEADER,
  idempotencyHeaders,
  idempotencyKeyOf,
  signedIn,
  textField,
} from '@zoco/service';
import { checkOutCart } from '../actions/check-out-cart.ts';
import type { RouteDeps } from '../app.ts';
import { cartTokenHeader } from './cart-schema.ts';
import { ownerOf } from './owner.ts';

const checkoutInput = z
  .strictObject({
    payment_method: paymentMethod,
    payment_token: textField(255).optional().openapi({
      description: 'Token of the payment provider (`pm_…`): the order is paid at once. Never card data.',
    }),
    shipping_address: addressInput.optional(),
  })
  .openapi('CheckoutInput', {
    example: {
      payment_method: 'card',
      payment_token: 'pm_card_visa',
      shipping_address: { line1: 'Calle Mayor 1', city: 'Madrid', postal_code: '28013', country: 'ES' },
    },
  });

const orderAnswer = z
  .looseObject({
    id: z.string().openapi({ example: 'ord_01jqb3k5xwf7kt3qk5v1y6zj3m' }),
    number: z.string().optional().openapi({ example: '2026-000042' }),
    status: z.string().optional().openapi({ example: 'created' }),
    total_cents: z.int().optional().openapi({ example: 2948 }),
    currency: z.string().optional().openapi({ example: 'EUR' }),
    transfer_to: transferTarget
      .nullish()
      .openapi({ description: 'Where to send the money of an order by `transfer`; else null.' }),
  })
  .openapi('PlacedOrder', { description: 'The order, as `GET /api/v1/orders/{id}` shows it.' });

const checkoutRoute = <const P extends string>(path: P) =>
  defineRoute({
    method: 'post',
    path,
    access: signedIn('cart:write'),
    summary: 'Turn the cart into an order',
    description:
      'Prices, tax and stock are settled now. Needs an `Idempotency-Key`: repeated with it, the same order comes back, also after a crash on either side. What is refused leaves the cart as it was; try again with a new key, as the cart belongs to the request.',
    tags: ['cart'],
    request: {
      headers: idempotencyHeaders.extend(cartTokenHeader.shape),
      body: { content: { 'application/json': { schema: checkoutInput } } },
    },
    responses: {
      201: { description: 'The order.', content: { 'application/json': { schema: orderAnswer } } },
    },
    problems: [402, 404, 409],
  });

export function checkoutRoutes({ config, call, own, failpoint }: RouteDeps) {
  const router = createRouter();
  const deps = { call, own, failpoint, holdSeconds: config.CART_CHECKOUT_HOLD_SECONDS };
  for (const path of ['/api/v1/cart/checkout', '/api/v1/purchases/checkout'] as const) {
    router.openapi(checkoutRoute(path), async (c) => {
      const key = idempotencyKeyOf(c.req);
      const owner = await ownerOf(c, config.CART_TOKEN_KEY, 'write');
      if (owner?.kind !== 'user') throw new Error('a signed-in route has a user');
      const userToken = c.req.header('authorization')?.slice('Bearer '.length) ?? '';
      const request = { userId: owner.userId, userToken, key, input: c.req.valid('json') };
      const { order, replayed } = await checkOutCart(deps, c.var.ctx, request);
      if (replayed) c.header(IDEMPOTENCY_REPLAYED_HEADER, 'true');
      c.header('location', `/api/v1/orders/${order.id}`);
      return c.json(order, 201);
    });
  }
  return router;
}
