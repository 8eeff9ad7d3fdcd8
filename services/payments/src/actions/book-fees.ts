import { isTenantId, newId, type TenantId } from '@zoco/kernel';
import { chargeFeeOf, type ChargeFee } from '../charge-fee.ts';
import type { PaymentDeps } from '../payment-deps.ts';
import { bookFeesOf, lastFeeBookedAt } from '../db/fees.ts';

const BATCH_MAX = 200;
const DAY_MS = 24 * 3600_000;
/** A charge may be listed late, and whoever booked the newest fee may have ended before the older ones. */
const OVERLAP_DAYS = 2;
/** Stripe's lists are not gone through further than its events go back. */
const BACK_DAYS_MAX = 30;

/** Since when charges may be without their fees, for somebody who has not booked them until now. */
export async function unbookedSince(deps: PaymentDeps): Promise<Date> {
  const last = await deps.db.work(lastFeeBookedAt);
  const sinceMs = (last?.getTime() ?? 0) - OVERLAP_DAYS * DAY_MS;
  return new Date(Math.max(sinceMs, Date.now() - BACK_DAYS_MAX * DAY_MS));
}

/**
 * Books what Stripe kept of the charges since `since`, so that our account of what Stripe owes is Stripe's own. Fees that are booked
 * are skipped; those in another currency than their charge belong to a conversion, which the provider's report tells.
 * @returns how many were booked
 */
export async function bookFees(deps: PaymentDeps, since: Date): Promise<number> {
  const nowMs = Date.now();
  let booked = 0;
  // The oldest day first, as a list begins with the newest: whoever goes on after a crash sees from the last fee how far this one came.
  for (let fromMs = since.getTime(); fromMs <= nowMs; fromMs += DAY_MS)
    booked += await bookBetween(deps, new Date(fromMs), new Date(fromMs + DAY_MS));
  return booked;
}

async function bookBetween(deps: PaymentDeps, from: Date, until: Date): Promise<number> {
  let booked = 0;
  let batch: ChargeFee[] = [];
  for await (const transaction of deps.stripe.chargeTransactions(from, until)) {
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
