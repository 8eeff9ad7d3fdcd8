import { z } from '@hono/zod-openapi';
import { exampleId, paymentMethod, RESERVATION_LINES_MAX } from '@zoco/contracts';
import { type Id, isId, Problem } from '@zoco/kernel';
import { addressInput, textField } from '@zoco/service';

const quantity = z.int().min(1).max(1_000_000);
const productId = z
  .string()
  .max(64)
  .openapi({ example: exampleId('product') });

export const orderItems = z
  .array(z.strictObject({ product_id: productId, quantity }))
  .min(1)
  .max(RESERVATION_LINES_MAX)
  .openapi({ description: 'Lines of one product are added up.' });

/** `qty` is what clients of the older B2B system send. */
export const orchestratedItems = z
  .array(
    z
      .strictObject({ product_id: productId, quantity: quantity.optional(), qty: quantity.optional() })
      .refine((item) => (item.quantity === undefined) !== (item.qty === undefined), {
        path: ['quantity'],
        message: 'give either quantity or qty',
      }),
  )
  .min(1)
  .max(RESERVATION_LINES_MAX);

export const placeOrderBody = z
  .strictObject({
    customer_id: z
      .string()
      .max(64)
      .optional()
      .openapi({ description: 'Staff only: orders for this B2B customer.', example: exampleId('customer') }),
    reference: textField(64).optional().openapi({
      description:
        'The customer’s own number of a B2B order, such as that of their purchase order. A second order of the customer with it is refused (`order_reference_taken`), and the first one named in `order_id`.',
      example: 'PO-2026-0117',
    }),
    items: orderItems,
    payment_method: z.enum(paymentMethod.options).openapi({
      description:
        '`card`: now, with `payment_token` or by `POST /api/v1/payments`. `transfer`: the order waits for the money, and says in `transfer_to` where to send it. `on_account`: B2B, on the terms of the customer.',
    }),
    payment_token: textField(255)
      .optional()
      .openapi({ description: 'Token of the payment provider (`pm_…`), never card data.' }),
    shipping_address: addressInput.optional(),
  })
  .openapi('PlaceOrder', {
    example: {
      items: [{ product_id: exampleId('product'), quantity: 2 }],
      payment_method: 'card',
      payment_token: 'pm_card_visa',
      shipping_address: { line1: 'Calle Mayor 1', city: 'Madrid', postal_code: '28013', country: 'ES' },
    },
  });

/** Room for the most lines that an order may have, however the client sets them. */
export const PLACE_ORDER_BYTES_MAX = 256 * 1024;

/** @throws Problem `customer_not_found`, the same for an id that nobody can have */
export function customerIdOf(given: string): Id<'customer'> {
  if (isId('customer', given)) return given;
  throw new Problem('not_found', 'customer_not_found', 'There is no such customer.');
}
