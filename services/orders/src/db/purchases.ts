import type { ReadTx } from '@zoco/postgres';

export interface PurchaseTotals {
  readonly currency: string;
  readonly orders: number;
  readonly units: number;
  readonly spentCents: number;
  readonly refundedCents: number;
}

export interface MonthTotals {
  /** `2026-11`, by the tenant's clocks. */
  readonly month: string;
  readonly currency: string;
  readonly orders: number;
  readonly spentCents: number;
}

export interface CategoryTotals {
  /** Null for products without one. */
  readonly category: string | null;
  readonly currency: string;
  readonly units: number;
  readonly spentCents: number;
}

export interface PurchaseSummary {
  readonly totals: PurchaseTotals[];
  readonly byMonth: MonthTotals[];
  readonly topCategories: CategoryTotals[];
}

const CATEGORIES_MAX = 10;
const MONTHS_MAX = 24;

/** What a user bought: confirmed orders that were not canceled, what went back counted apart. */
export async function purchaseSummary(
  tx: ReadTx,
  userId: string,
  timeZone: string,
): Promise<PurchaseSummary> {
  const [row] = await tx.sql<
    { totals: PurchaseTotals[]; byMonth: MonthTotals[]; topCategories: CategoryTotals[] }[]
  >`
    with bought as materialized (
      select id, currency, total_cents, refunded_cents,
             to_char(confirmed_at at time zone ${timeZone}, 'YYYY-MM') as month
      from orders
      where tenant_id = ${tx.tenantId} and user_id = ${userId} and status in ('confirmed', 'shipped', 'delivered')),
    lines as materialized (
      select b.currency, l.category, l.quantity, l.subtotal_cents
      from bought b join order_lines l on l.tenant_id = ${tx.tenantId} and l.order_id = b.id),
    totals as (
      select b.currency, b.orders, l.units, b."spentCents", b."refundedCents"
      from (select currency, count(*)::int as orders, sum(total_cents)::bigint as "spentCents",
                   sum(refunded_cents)::bigint as "refundedCents" from bought group by currency) b
      join (select currency, sum(quantity)::bigint as units from lines group by currency) l using (currency)
      order by currency),
    months as (
      select month, currency, count(*)::int as orders, sum(total_cents)::bigint as "spentCents"
      from bought group by month, currency order by month desc, currency limit ${MONTHS_MAX}),
    categories as (
      select category, currency, sum(quantity)::bigint as units, sum(subtotal_cents)::bigint as "spentCents"
      from lines group by category, currency order by sum(subtotal_cents) desc, category limit ${CATEGORIES_MAX})
    select (select coalesce(json_agg(t), '[]') from totals t) as totals,
           (select coalesce(json_agg(m), '[]') from months m) as "byMonth",
           (select coalesce(json_agg(c), '[]') from categories c) as "topCategories"`;
  return row ?? { totals: [], byMonth: [], topCategories: [] };
}
