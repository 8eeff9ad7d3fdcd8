import { createGate, type TenantId } from '@zoco/kernel';
import { advancePayment } from './actions/advance-payment.ts';
import { advanceRefund } from './actions/advance-refund.ts';
import type { Payment } from './db/payments.ts';
import type { PaymentDeps } from './payment-deps.ts';
import { createSingleFlight } from './single-flight.ts';

/** Work on payments and refunds in this process: never twice on the same one at once. */
export interface Work {
  /** Works on a payment now, for somebody who waits for it; what was committed before this call is seen. */
  payment(tenantId: TenantId, paymentId: string): Promise<void>;
  refund(tenantId: TenantId, refundId: string): Promise<void>;
  /** Works on it as soon as there is room. What is lost here (a crash, a full queue) is found by the poll. */
  paymentSoon(tenantId: TenantId, paymentId: string): void;
  /** The same for a payment that this process has just written, and nobody else has seen. */
  newPaymentSoon(payment: Payment): void;
  refundSoon(tenantId: TenantId, refundId: string): void;
  /** Looks for due work at once. */
  wake(): void;
  /** Set by the poll: called by `wake`. */
  onWake: () => void;
  /** How much more there is room for. */
  readonly room: number;
  paymentsInHand(): readonly string[];
  idle(): Promise<void>;
}

const QUEUE_MAX = 5000;

export function createWork(deps: PaymentDeps, concurrency: number): Work {
  const payments = createSingleFlight((tenantId: TenantId, id: string, known?: Payment) =>
    advancePayment(deps, tenantId, id, known),
  );
  const refunds = createSingleFlight((tenantId: TenantId, id: string) => advanceRefund(deps, tenantId, id));
  // What waits longer than its lease is found by the poll again.
  const waitMsMax = deps.settings.PAYMENTS_LEASE_SECONDS * 1000;
  const gate = createGate({ concurrency, queueMax: QUEUE_MAX, waitMsMax, code: 'work_queue_full' });
  const begun = new Set<Promise<void>>();
  const soon = (start: () => Promise<void>) => {
    const task = gate
      .run(start)
      .catch((error: unknown) => deps.log.warn({ err: error }, 'work on a payment is put off'))
      .finally(() => begun.delete(task));
    begun.add(task);
  };
  const work: Work = {
    payment: (tenantId, id) => payments.afresh(id, tenantId, id),
    refund: (tenantId, id) => refunds.afresh(id, tenantId, id),
    paymentSoon: (tenantId, id) => soon(() => payments.afresh(id, tenantId, id)),
    newPaymentSoon: (payment) => soon(() => payments.join(payment.id, payment.tenantId, payment.id, payment)),
    refundSoon: (tenantId, id) => soon(() => refunds.afresh(id, tenantId, id)),
    wake: () => work.onWake(),
    onWake: () => {},
    get room() {
      return Math.max(0, concurrency - gate.running - gate.waiting);
    },
    paymentsInHand: () => payments.keys(),
    async idle() {
      while (begun.size > 0) await Promise.all(begun);
      await Promise.all([payments.idle(), refunds.idle()]);
    },
  };
  return work;
}
