/** A product and how many of it. */
export interface Quantity {
  readonly product_id: string;
  readonly quantity: number;
}

/**
 * What stays in the cart after an order took its items: lines that came, or grew, while the checkout was under way.
 * What the buyer took out meanwhile was ordered all the same and leaves nothing.
 */
export function leftovers<T extends Quantity>(lines: readonly T[], ordered: readonly Quantity[]): T[] {
  const taken = new Map<string, number>();
  for (const { product_id: id, quantity } of ordered) taken.set(id, (taken.get(id) ?? 0) + quantity);
  return lines.flatMap((line) => {
    const quantity = line.quantity - (taken.get(line.product_id) ?? 0);
    return quantity > 0 ? [{ ...line, quantity }] : [];
  });
}
