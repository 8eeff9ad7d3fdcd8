import { z } from 'zod';
import { defineEvent } from './event.ts';
import { idField } from './fields.ts';

export const cartCheckedOut = defineEvent({
  type: 'cart.checked_out',
  producer: 'cart',
  summary: 'A cart became an order.',
  data: z.object({ cart_id: idField('cart'), order_id: idField('order'), user_id: idField('user') }),
  example: {
    cart_id: 'crt_01jqb3k5xwf7kt3qk5v1y6zj3m' as never,
    order_id: 'ord_01jqb3k5xwf7kt3qk5v1y6zj3m' as never,
    user_id: 'usr_01jqb3k5xwf7kt3qk5v1y6zj3m' as never,
  },
});
