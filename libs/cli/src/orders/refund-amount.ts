import { multiplyCents } from '@zoco/kernel';
import { z } from 'zod';
import type { Units } from './retail-plan.ts';

/** What a refund needs to know of an order. */
export const refundableOrder = z.object({
  id: z.string(),
  prices_include_tax: z.boolean(),
  total_cents: z.int(),
  items: z.array(
    z.object({
      sku: z.string(),
      quantity: z.int().positive(),
      unit_price_cents: z.int(),
      tax_cents: z.int(),
    }),
  ),
});
export type RefundableOrder = z.output<typeof refundableOrder>;

/**
 * What some units of an order cost, with the tax that was put on top of them; rounded down per line, so that refunds in parts
 * never add up to more than was paid.
 */
export function refundCents(order: RefundableOrder, units: Units): number {
  const parts = order.items.map((item) => {
    const quantity = Math.min(units.get(item.sku) ?? 0, item.quantity);
    const taxOnTop = order.prices_include_tax ? 0 : Math.floor((item.tax_cents * quantity) / item.quantity);
    return multiplyCents(item.unit_price_cents, quantity) + taxOnTop;
  });
  return parts.reduce((sum, part) => sum + part, 0);
}
