import { type VoidPaymentResponse, voidPaymentResponse } from '@zoco/contracts';
import type { Id, TenantId } from '@zoco/kernel';
import type { OrderDeps } from '../order-deps.ts';

// It asks the payment provider, who may take its time.
const VOID_TIMEOUT_MS = 5000;

/**
 * Ends the payment of an order for certain, so that no money can come any more, or tells that it came.
 * @throws CallOutcomeUnknown when payments does not answer: then nothing may be concluded
 */
export async function voidPayment(
  deps: Pick<OrderDeps, 'call' | 'failpoint'>,
  tenantId: TenantId,
  orderId: Id<'order'>,
): Promise<VoidPaymentResponse['outcome']> {
  deps.failpoint('before-void');
  const { outcome } = await deps.call('voidPayment', voidPaymentResponse, {
    tenantId,
    params: { order_id: orderId },
    timeoutMs: VOID_TIMEOUT_MS,
    // Whoever asked asks again: the client, or the sweeper.
    retries: 0,
  });
  deps.failpoint('after-void');
  return outcome;
}
