import { z } from 'zod';
import { defineEvent } from './event.ts';
import { exampleId, idField } from './fields.ts';

export const cartCheckedOut = defineEvent({
  type: 'cart.checked_out',
  producer: 'cart',
  summary: 'A cart became an order.',
  data: z.object({ cart_id: idField('cart'), order_id: idField('order'), user_id: idField('user') }),
  example: {
    cart_id: exampleId('cart'),
    order_id: exampleId('order'),
    user_id: exampleId('user'),
  },
});
