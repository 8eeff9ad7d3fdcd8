import type { Reservation, ReservationState } from '@zoco/contracts';
import { Problem } from '@zoco/kernel';

/** What a change of a reservation does to the stock, per unit. */
export interface Effect {
  readonly from: ReservationState;
  readonly to: ReservationState;
  readonly onHand: -1 | 0 | 1;
  readonly reserved: -1 | 0;
}

export type Settlement = 'commit' | 'release' | 'return';

/** The life of a reservation after it was held. */
export const EFFECTS: Readonly<Record<Settlement, Effect>> = {
  commit: { from: 'held', to: 'committed', onHand: -1, reserved: -1 },
  release: { from: 'held', to: 'released', onHand: 0, reserved: -1 },
  return: { from: 'committed', to: 'returned', onHand: 1, reserved: 0 },
};

/** What follows when a settlement finds another state than it starts from. */
export type Otherwise = 'again' | 'nothing' | 'commit' | 'tombstone';

// Nothing is left to do when it has happened already, or the units went back another way. The cancellation of a confirmed
// order may overtake its confirmation: then both happen now. A release that comes before its reserve leaves a tombstone,
// so that the late reserve is refused. `again` is the state it starts from: somebody was faster between two looks.
const OTHERWISE: Readonly<
  Record<Settlement, Readonly<Record<ReservationState | 'unknown', Otherwise | 'refuse'>>>
> = {
  commit: { held: 'again', committed: 'nothing', released: 'refuse', returned: 'nothing', unknown: 'refuse' },
  release: {
    held: 'again',
    committed: 'refuse',
    released: 'nothing',
    returned: 'nothing',
    unknown: 'tombstone',
  },
  return: {
    held: 'commit',
    committed: 'again',
    released: 'nothing',
    returned: 'nothing',
    unknown: 'tombstone',
  },
};

/** @throws Problem `reservation_…` when the settlement contradicts what has happened */
export function settleOtherwise(settlement: Settlement, state: ReservationState | undefined): Otherwise {
  const next = OTHERWISE[settlement][state ?? 'unknown'];
  if (next !== 'refuse') return next;
  if (state === undefined) {
    throw new Problem('conflict', 'reservation_not_found', 'Nothing was ever reserved for this order.');
  }
  throw new Problem('conflict', `reservation_${state}`, `The reservation of this order is already ${state}.`);
}

/** A product of a reserve as the database found it. */
export interface HeldProduct {
  readonly product_id: string;
  readonly quantity: number;
  /** Null when there is no such product on sale. */
  readonly name: string | null;
  readonly available: number | null;
  readonly granted: boolean;
}

/**
 * Refuses a reserve of which a part cannot be had; nothing of it is held then.
 * @throws Problem `product_unavailable` (422) or `stock_insufficient` (409), with the lines at fault
 */
export function requireGranted(
  lines: readonly { readonly product_id: string }[],
  products: readonly HeldProduct[],
): void {
  const lineOf = (product: HeldProduct) => lines.findIndex((line) => line.product_id === product.product_id);
  const missing = products.filter((product) => product.name === null);
  if (missing.length > 0) {
    throw new Problem('invalid', 'product_unavailable', 'A product of this order is not on sale.', {
      errors: missing.map((product) => ({
        field: `lines.${lineOf(product)}.product_id`,
        code: 'product_unavailable',
        detail: `${product.product_id} is not on sale`,
      })),
    });
  }
  const short = products.filter((product) => !product.granted);
  if (short.length === 0) return;
  throw new Problem('conflict', 'stock_insufficient', 'There is not enough stock for this order.', {
    errors: short.map((product) => ({
      field: `lines.${lineOf(product)}.quantity`,
      code: 'stock_insufficient',
      detail: `${product.name} (${product.product_id}): ${product.available} available, ${product.quantity} asked for`,
    })),
  });
}

/** A line as it is asked for. */
export interface RequestedLine {
  readonly product_id: string;
  readonly quantity: number;
}

/** Units by product: two lines of one product are one need. Sorted, so that all orders lock in one order. */
export function needsOf(lines: readonly RequestedLine[]): { productIds: string[]; quantities: number[] } {
  const needs = new Map<string, number>();
  for (const { product_id, quantity } of lines)
    needs.set(product_id, (needs.get(product_id) ?? 0) + quantity);
  const sorted = [...needs].toSorted(([a], [b]) => (a < b ? -1 : 1));
  return { productIds: sorted.map(([id]) => id), quantities: sorted.map(([, quantity]) => quantity) };
}

/** Stock of a product after all moves. */
interface StockAfter<P extends string> {
  readonly product_id: P;
  readonly on_hand: number;
  readonly reserved: number;
}

/** One entry of the log of moves, without its id. */
export interface StockMove<O extends string, P extends string> {
  readonly order_id: O;
  readonly product_id: P;
  readonly on_hand_delta: number;
  readonly reserved_delta: number;
  readonly on_hand_after: number;
  readonly reserved_after: number;
}

/** What each order did to each product: what one move leaves is what the next one finds, and the last one leaves `after`. */
export function movesOf<O extends string, P extends string>(
  units: readonly { readonly order_id: O; readonly product_id: P; readonly quantity: number }[],
  after: readonly StockAfter<P>[],
  effect: Effect,
): StockMove<O, P>[] {
  const left = new Map(after.map(({ product_id, on_hand, reserved }) => [product_id, { on_hand, reserved }]));
  const backwards = units.toReversed().flatMap(({ order_id, product_id, quantity }) => {
    const stock = left.get(product_id);
    if (stock === undefined) return [];
    const on_hand_delta = effect.onHand * quantity;
    const reserved_delta = effect.reserved * quantity;
    left.set(product_id, {
      on_hand: stock.on_hand - on_hand_delta,
      reserved: stock.reserved - reserved_delta,
    });
    return [
      {
        order_id,
        product_id,
        on_hand_delta,
        reserved_delta,
        on_hand_after: stock.on_hand,
        reserved_after: stock.reserved,
      },
    ];
  });
  return backwards.toReversed();
}

/** The answer to a repeated reserve. @throws Problem when the order was released, or asks for something else now */
export function replayOf(known: Reservation, lines: readonly RequestedLine[]): Reservation {
  if (known.state === 'released' || known.state === 'returned') {
    throw new Problem(
      'conflict',
      'reservation_released',
      'The reservation of this order was already released.',
    );
  }
  const same =
    known.lines.length === lines.length &&
    known.lines.every(
      (line, at) => line.product_id === lines[at]?.product_id && line.quantity === lines[at].quantity,
    );
  if (!same) throw new Problem('conflict', 'reservation_mismatch', 'This order has reserved other lines.');
  return known;
}
