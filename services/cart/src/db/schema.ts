import { cents, createdAt, currency, id, tenantIdColumn, time, updatedAt } from '@zoco/postgres';
import { sql } from 'drizzle-orm';
import {
  check,
  foreignKey,
  index,
  integer,
  jsonb,
  pgTable,
  primaryKey,
  text,
  uniqueIndex,
} from 'drizzle-orm/pg-core';

export { deadLetters, inbox, outbox } from '@zoco/events';

export const carts = pgTable(
  'carts',
  {
    tenantId: tenantIdColumn(),
    id: id('id', 'cart').notNull(),
    /** Null while nobody has signed in: the holder of the cart token owns it. */
    userId: id('user_id', 'user'),
    status: text('status', { enum: ['open', 'checked_out', 'merged'] })
      .notNull()
      .default('open'),
    orderId: id('order_id', 'order'),
    /** Key of the checkout that is under way, and how long it keeps others out while its outcome is unknown. */
    checkoutKey: text('checkout_key'),
    checkoutUntil: time('checkout_until'),
    createdAt: createdAt(),
    updatedAt: updatedAt(),
  },
  (table) => [
    primaryKey({ columns: [table.tenantId, table.id] }),
    uniqueIndex('carts_open_of_user')
      .on(table.tenantId, table.userId)
      .where(sql`status = 'open'`),
    // By creation, not by last change: an index on what every change touches would cost each of them.
    index('carts_purgeable')
      .on(table.createdAt)
      .where(sql`user_id is null or status <> 'open'`),
    check('carts_status', sql`status in ('open', 'checked_out', 'merged')`),
    check('carts_order', sql`(status = 'checked_out') = (order_id is not null)`),
  ],
);

export const cartItems = pgTable(
  'cart_items',
  {
    tenantId: tenantIdColumn(),
    cartId: id('cart_id', 'cart').notNull(),
    productId: id('product_id', 'product').notNull(),
    quantity: integer('quantity').notNull(),
    /** Price that the buyer saw when the line was last touched. */
    addedPriceCents: cents('added_price_cents').notNull(),
    addedAt: createdAt(),
  },
  (table) => [
    primaryKey({ columns: [table.tenantId, table.cartId, table.productId] }),
    foreignKey({
      name: 'cart_items_cart',
      columns: [table.tenantId, table.cartId],
      foreignColumns: [carts.tenantId, carts.id],
    }).onDelete('cascade'),
    check('cart_items_quantity', sql`quantity > 0`),
  ],
);

/** What is known of the products that were ever put in a cart: enough to show one while catalog is away. */
export const productCopies = pgTable(
  'product_copies',
  {
    tenantId: tenantIdColumn(),
    productId: id('product_id', 'product').notNull(),
    sku: text('sku').notNull(),
    name: text('name').notNull(),
    imageUrl: text('image_url'),
    priceCents: cents('price_cents').notNull(),
    currency: currency().notNull(),
    /** Catalog's time of the change, which decides what is newer. */
    changedAt: time('changed_at').notNull(),
    deletedAt: time('deleted_at'),
  },
  (table) => [primaryKey({ columns: [table.tenantId, table.productId] })],
);

/** What a checkout sent, by the buyer's key: a repetition sends the same, however the cart has changed since. */
export const checkouts = pgTable(
  'checkouts',
  {
    tenantId: tenantIdColumn(),
    userId: id('user_id', 'user').notNull(),
    key: text('key').notNull(),
    cartId: id('cart_id', 'cart').notNull(),
    fingerprint: text('fingerprint').notNull(),
    items: jsonb('items').$type<{ product_id: string; quantity: number }[]>().notNull(),
    orderId: id('order_id', 'order'),
    createdAt: createdAt(),
    completedAt: time('completed_at'),
  },
  (table) => [
    primaryKey({ columns: [table.tenantId, table.userId, table.key] }),
    // For the purge. Rows are appended in the order of time, and a range of blocks costs a checkout nothing.
    index('checkouts_created').using('brin', table.createdAt),
    check('checkouts_completed', sql`(order_id is null) = (completed_at is null)`),
  ],
);
