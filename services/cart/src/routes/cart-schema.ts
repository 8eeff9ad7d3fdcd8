import { z } from '@hono/zod-openapi';

export const cartTokenHeader = z.object({
  'x-cart-token': z.string().optional().openapi({
    description:
      'Names an anonymous cart; comes with the answer to the first add. Sent with an access token, it moves that cart into the user’s.',
  }),
});

export const productIdField = z
  .string()
  .min(1)
  .max(64)
  .openapi({ description: 'Id of the product.', example: 'prd_01jqb3k5xwf7kt3qk5v1y6zj3m' });

const cartItem = z
  .object({
    product_id: productIdField,
    sku: z.string().nullable().openapi({ example: '9780439023481' }),
    name: z.string().nullable().openapi({ example: 'The Hunger Games' }),
    image_url: z.string().nullable(),
    quantity: z.int().openapi({ example: 2 }),
    unit_price_cents: z
      .int()
      .nullable()
      .openapi({ description: 'Price now, in minor units.', example: 1299 }),
    added_price_cents: z
      .int()
      .openapi({ description: 'Price when the line was last touched.', example: 1299 }),
    subtotal_cents: z
      .int()
      .nullable()
      .openapi({ description: 'Null when the line cannot be bought.', example: 2598 }),
    stock: z.int().nullable().openapi({
      description: 'Units that can be sold now; null while catalog does not answer.',
      example: 5,
    }),
    flags: z.array(z.enum(['unavailable', 'short', 'price_changed'])).openapi({
      description:
        '`unavailable`: cannot be bought; `short`: fewer are in stock; `price_changed`: it costs something else than when it was added.',
      example: [],
    }),
    added_at: z.iso.datetime(),
  })
  .openapi('CartItem');

export const cartSchema = z
  .object({
    id: z.string().nullable().openapi({ description: 'Null while there is no cart.' }),
    currency: z.string().openapi({ example: 'EUR' }),
    prices_include_tax: z.boolean(),
    items: z.array(cartItem),
    line_count: z.int().openapi({ example: 1 }),
    unit_count: z.int().openapi({ example: 2 }),
    subtotal_cents: z.int().openapi({
      description: 'Of the lines that can be bought; tax and shipping are settled by the order.',
      example: 2598,
    }),
    stale: z.boolean().openapi({
      description: 'Names and prices are the last known ones, because catalog does not answer.',
    }),
  })
  .openapi('Cart');

export const addedItemSchema = z
  .object({
    cart_id: z.string().openapi({ example: 'crt_01jqb3k5xwf7kt3qk5v1y6zj3m' }),
    cart_token: z.string().optional().openapi({
      description: 'Of an anonymous cart: send it as X-Cart-Token from now on. Also in that header.',
    }),
    product_id: productIdField,
    quantity: z.int().openapi({ description: 'Units of the product in the cart now.', example: 2 }),
    line_count: z.int().openapi({ description: 'Different products in the cart now.', example: 1 }),
    unit_count: z.int().openapi({ description: 'Units in the cart now.', example: 2 }),
  })
  .openapi('AddedItem');
