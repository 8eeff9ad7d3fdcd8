import type { PaymentMethod } from '@zoco/contracts';
import { type FieldError, Problem } from '@zoco/kernel';

export interface RequestedItem {
  readonly product_id: string;
  readonly quantity: number;
}

/** What somebody asks to be ordered. */
export interface Placement {
  readonly items: readonly RequestedItem[];
  readonly customerId: string | null;
  /** The customer's own number of the order. */
  readonly reference: string | null;
  readonly paymentMethod: PaymentMethod;
  readonly paymentToken: string | null;
}

/** Who asks. */
export interface Orderer {
  readonly isStaff: boolean;
  /** A user who can own an order; machine clients cannot. */
  readonly isPerson: boolean;
}

export interface PlacementLimits {
  readonly linesMax: number;
  /** Units of one product. */
  readonly quantityMax: number;
}

/** One line per product, in order of first mention: stock is counted per product and not per line. */
export function mergeItems(items: readonly RequestedItem[]): RequestedItem[] {
  const quantities = new Map<string, number>();
  for (const { product_id: id, quantity } of items) quantities.set(id, (quantities.get(id) ?? 0) + quantity);
  return [...quantities].map(([id, quantity]) => ({ product_id: id, quantity }));
}

/**
 * Decides whether this may be ordered by them in this way; what is in stock and what it costs is decided later.
 * @param placement with merged items
 * @throws Problem `order_customer_forbidden`, or `request_invalid` that names the fields
 */
export function checkPlacement(placement: Placement, by: Orderer, limits: PlacementLimits): void {
  if (placement.customerId !== null && !by.isStaff) {
    throw new Problem('forbidden', 'order_customer_forbidden', 'Only staff orders for a customer.');
  }
  const errors = [...itemErrors(placement.items, limits), ...payerErrors(placement, by)];
  if (errors.length > 0)
    throw new Problem('invalid', 'request_invalid', 'The request is not valid.', { errors });
}

function itemErrors(items: readonly RequestedItem[], limits: PlacementLimits): FieldError[] {
  const { linesMax, quantityMax } = limits;
  if (items.length > linesMax) {
    return [
      {
        field: 'items',
        code: 'too_many',
        detail: `an order may have at most ${linesMax} different products`,
      },
    ];
  }
  const greedy = items.find((item) => item.quantity > quantityMax);
  if (greedy === undefined) return [];
  return [
    {
      field: 'items',
      code: 'too_many',
      detail: `at most ${quantityMax} units of ${greedy.product_id} may be ordered at once`,
    },
  ];
}

function payerErrors(placement: Placement, by: Orderer): FieldError[] {
  const errors: FieldError[] = [];
  if (placement.customerId === null && !by.isPerson) {
    errors.push({ field: 'customer_id', code: 'required', detail: 'an API key orders for a customer only' });
  }
  if (placement.customerId === null && placement.reference !== null) {
    errors.push({ field: 'reference', code: 'not_expected', detail: 'only orders for a customer have one' });
  }
  if (placement.customerId === null && placement.paymentMethod === 'on_account') {
    errors.push({
      field: 'payment_method',
      code: 'not_available',
      detail: 'on_account is for B2B customers: name one in customer_id',
    });
  }
  if (placement.paymentToken !== null && placement.paymentMethod !== 'card') {
    errors.push({ field: 'payment_token', code: 'not_expected', detail: 'only cards are paid with a token' });
  }
  return errors;
}
