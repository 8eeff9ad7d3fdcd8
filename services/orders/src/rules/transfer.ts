import type { BankAccount, OrderStatus, PaymentMethod, PaymentStatus, TransferTarget } from '@zoco/contracts';

interface Transferable {
  readonly number: string;
  readonly status: OrderStatus;
  readonly paymentMethod: PaymentMethod;
  readonly paymentStatus: PaymentStatus;
}

/** Money that came in any other would have to go back. Staff may confirm, and ship, before it is there. */
const WELCOME_IN: ReadonlySet<OrderStatus> = new Set(['created', 'confirmed', 'shipped', 'delivered']);
const UNPAID: ReadonlySet<PaymentStatus> = new Set(['unpaid', 'pending']);

/** Where the buyer of an order sends its money; null where none is awaited by transfer, or nobody knows where to. */
export function transferTargetOf(order: Transferable, account: BankAccount | null): TransferTarget | null {
  const isAwaited =
    order.paymentMethod === 'transfer' && WELCOME_IN.has(order.status) && UNPAID.has(order.paymentStatus);
  return isAwaited && account !== null ? { ...account, reference: order.number } : null;
}
