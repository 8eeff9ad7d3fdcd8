import type { OrderItem } from '@zoco/contracts';
import type { Id } from '@zoco/kernel';
import type { ReadTx, Tx } from '@zoco/postgres';
import type { Answer, Claim, KeyScope } from './idempotency.ts';
import type { Order, OrderRow } from './order.ts';
import type { PendingRequest } from './schema.ts';

/** An order as it is asked for, before the catalog has said anything. */
export type NewOrder = Pick<
  OrderRow,
  | 'id'
  | 'number'
  | 'userId'
  | 'customerId'
  | 'reference'
  | 'placedBy'
  | 'cartId'
  | 'paymentMethod'
  | 'currency'
  | 'locale'
  | 'pricesIncludeTax'
  | 'shippingAddress'
> & { readonly request: PendingRequest };

/** A new order that is written down. */
export type PendingOrder = NewOrder & Pick<OrderRow, 'createdAt'>;

export interface PlacingOptions {
  readonly scope: KeyScope;
  readonly fingerprint: string;
  readonly leaseSeconds: number;
  /** Most open orders that the buyer may have, this one not counted; null when there is no such limit. */
  readonly openMax: number | null;
}

/**
 * Claims the key and writes the pending order under it, in one statement: there is never one without the other.
 * @returns when it was created, or undefined when the key is known already, or the buyer has too many open orders
 * @throws PostgresError a violation of `LIVE_ORDER_OF_CART` or `REFERENCE_OF_CUSTOMER`
 */
export async function insertPending(
  tx: Tx,
  order: NewOrder,
  options: PlacingOptions,
): Promise<Date | undefined> {
  const { scope, openMax } = options;
  const lease = tx.sql`make_interval(secs => ${options.leaseSeconds})`;
  const [row] = await tx.sql<{ created_at: string }[]>`
    with claim as (
      insert into idempotency_keys (tenant_id, principal, operation, key, fingerprint, resource_id, locked_until)
      select ${tx.tenantId}, ${scope.principal}, ${scope.operation}, ${scope.key}, ${options.fingerprint}, ${order.id}, now() + ${lease}
      where ${openMax}::int is null or ${openMax}::int > (
        select count(*) from orders
        where tenant_id = ${tx.tenantId} and user_id = ${order.userId} and status in ('pending', 'created'))
      on conflict do nothing
      returning 1)
    insert into orders (tenant_id, id, number, user_id, customer_id, reference, placed_by, cart_id, status, payment_method,
                        currency, locale, prices_include_tax, shipping_address, request, changed_by, due_at)
    select ${tx.tenantId}, ${order.id}, ${order.number}, ${order.userId}, ${order.customerId}, ${order.reference},
           ${order.placedBy}, ${order.cartId}, 'pending', ${order.paymentMethod}, ${order.currency}, ${order.locale},
           ${order.pricesIncludeTax}::boolean, ${jsonOrNull(order.shippingAddress)}::text::jsonb,
           ${JSON.stringify(order.request)}::text::jsonb, ${order.placedBy}, now() + ${lease}
    from claim
    returning created_at`;
  return row && new Date(row.created_at);
}

/** Refuses a second order of a cart, while the first one is neither refused nor given up. */
export const LIVE_ORDER_OF_CART = 'orders_live_of_cart';

/** The order that a cart has become, as long as it stands; pending while nobody knows whether it will. */
export async function findLiveOrderOf(
  tx: ReadTx,
  cartId: Id<'cart'> | null,
): Promise<Pick<OrderRow, 'id' | 'status'> | undefined> {
  const [order] = await tx.sql<Pick<OrderRow, 'id' | 'status'>[]>`
    select id, status from orders
    where tenant_id = ${tx.tenantId} and cart_id = ${cartId} and status not in ('rejected', 'canceled', 'expired')`;
  return order;
}

/** Refuses a second order of a customer under one reference, unless the first one was refused or has expired. */
export const REFERENCE_OF_CUSTOMER = 'orders_reference';

/** The order that a customer has given this reference. */
export async function findReferenced(
  tx: ReadTx,
  { customerId, reference }: Pick<OrderRow, 'customerId' | 'reference'>,
): Promise<Id<'order'> | undefined> {
  const [order] = await tx.sql<Pick<OrderRow, 'id'>[]>`
    select id from orders
    where tenant_id = ${tx.tenantId} and customer_id = ${customerId} and reference = ${reference}
      and status not in ('rejected', 'expired')`;
  return order?.id;
}

/**
 * Makes a pending order a created one, with its lines, and keeps the answer under the key.
 * @returns false when the claim was lost: the transaction must be rolled back
 */
export async function saveCreated(tx: Tx, order: Order, claim: Claim, answer: Answer): Promise<boolean> {
  const saved = await tx.sql`
    with fenced as (
      update idempotency_keys set state = 'completed', status = ${answer.status}, body = ${answer.body}
      where tenant_id = ${tx.tenantId} and principal = ${claim.principal} and operation = ${claim.operation}
        and key = ${claim.key} and attempt = ${claim.attempt} and state = 'in_progress'
      returning 1),
    created as (
      update orders set status = 'created', payment_status = ${order.paymentStatus}, version = 2, changed_by = placed_by, request = null,
        customer = ${jsonOrNull(order.customer)}::text::jsonb, buyer_email = ${order.buyerEmail}, buyer_name = ${order.buyerName},
        currency = ${order.currency}, locale = ${order.locale}, prices_include_tax = ${order.pricesIncludeTax},
        subtotal_cents = ${order.subtotalCents}, tax_cents = ${order.taxCents}, shipping_cents = ${order.shippingCents},
        shipping_tax_cents = ${order.shippingTaxCents}, shipping_tax_rate_bps = ${order.shippingTaxRateBps},
        total_cents = ${order.totalCents}, cancel_window_minutes = ${order.cancelWindowMinutes},
        payment_terms_days = ${order.paymentTermsDays}, expires_at = ${isoOrNull(order.expiresAt)}, due_at = ${isoOrNull(order.expiresAt)}
      from fenced
      where tenant_id = ${tx.tenantId} and id = ${order.id} and status = 'pending'
      returning id)
    insert into order_lines (tenant_id, order_id, position, product_id, sku, name, category, quantity, unit_price_cents,
                             tax_rate_bps, subtotal_cents, tax_cents)
    select ${tx.tenantId}, created.id, l.position, l.product_id, l.sku, l.name, l.category, l.quantity, l.unit_price_cents,
           l.tax_rate_bps, l.subtotal_cents, l.tax_cents
    from created, jsonb_to_recordset(${JSON.stringify(numbered(order.items))}::text::jsonb) as l(
      position int, product_id text, sku text, name text, category text, quantity int, unit_price_cents bigint,
      tax_rate_bps int, subtotal_cents bigint, tax_cents bigint)`;
  return saved.count > 0;
}

/** The database's clock, which decides about expiry. */
export async function currentTime(tx: ReadTx): Promise<Date> {
  const [row] = await tx.sql<{ now: string }[]>`select now()::timestamptz(3) as now`;
  return new Date(row?.now ?? Number.NaN);
}

const numbered = (items: readonly OrderItem[]) =>
  items.map((item, index) => ({ ...item, position: index + 1 }));
const jsonOrNull = (value: unknown) => (value === null ? null : JSON.stringify(value));
const isoOrNull = (time: Date | null) => time?.toISOString() ?? null;
