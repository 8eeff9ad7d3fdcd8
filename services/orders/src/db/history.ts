import type { OrderStatus, PaymentStatus } from '@zoco/contracts';
import type { ReadTx } from '@zoco/postgres';
import { and, asc, eq, sql } from 'drizzle-orm';
import { orderTransitions } from './schema.ts';

export interface Transition {
  readonly version: number;
  readonly fromStatus: OrderStatus | null;
  readonly toStatus: OrderStatus;
  readonly paymentStatus: PaymentStatus;
  readonly reason: string | null;
  readonly changedBy: string;
  readonly at: Date;
}

/** Every version of an order, oldest first. */
export function historyOf(tx: ReadTx, orderId: string): Promise<Transition[]> {
  return tx.db
    .select()
    .from(orderTransitions)
    .where(and(eq(orderTransitions.tenantId, tx.tenantId), sql`${orderTransitions.orderId} = ${orderId}`))
    .orderBy(asc(orderTransitions.version));
}
