import { isTenantId, newId, type TenantId } from '@zoco/kernel';
import { chargeFeeOf, type ChargeFee } from '../charge-fee.ts';
import type { PaymentDeps } from '../payment-deps.ts';
import { bookFeesOf } from '../db/fees.ts';

const BATCH_MAX = 200;

/**
 * Books what Stripe kept of the charges since `since`, so that our account of what Stripe owes is Stripe's own. Fees that are booked
 * are skipped; those in another currency than their charge belong to a conversion, which the provider's report tells.
 * @returns how many were booked
 */
export async function bookFees(deps: PaymentDeps, since: Date): Promise<number> {
  let booked = 0;
  let batch: ChargeFee[] = [];
  for await (const transaction of deps.stripe.chargeTransactions(since)) {
    const fee = chargeFeeOf(transaction, deps.stripe.environment);
    if (fee === undefined || !isTenantId(fee.tenant)) continue;
    batch.push(fee);
    if (batch.length < BATCH_MAX) continue;
    booked += await bookBatch(deps, batch);
    batch = [];
  }
  return booked + (await bookBatch(deps, batch));
}

async function bookBatch(deps: PaymentDeps, batch: readonly ChargeFee[]): Promise<number> {
  let booked = 0;
  const tenants = Map.groupBy(batch, ({ tenant }) => tenant);
  for (const [tenant, fees] of tenants) {
    if (!isTenantId(tenant)) continue;
    booked += await bookFor(deps, tenant, fees);
  }
  return booked;
}

function bookFor(deps: PaymentDeps, tenantId: TenantId, fees: readonly ChargeFee[]): Promise<number> {
  const rows = fees.map((fee) => ({ ...fee, journalId: newId('journal') }));
  return deps.db.transact(tenantId, (tx) => bookFeesOf(tx, rows));
}
