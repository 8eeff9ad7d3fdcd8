import { cents, createdAt, currency, id, tenantIdColumn, time, updatedAt, version } from '@zoco/postgres';
import { sql } from 'drizzle-orm';
import {
  check,
  customType,
  foreignKey,
  index,
  integer,
  jsonb,
  pgTable,
  primaryKey,
  real,
  text,
  uniqueIndex,
} from 'drizzle-orm/pg-core';

export { deadLetters, inbox, outbox } from '@zoco/events';

/** Bytewise order: an index on it serves `order by` and prefixes alike, whatever the database's locale is. */
const bytewiseText = customType<{ data: string }>({ dataType: () => 'text collate "C"' });
const tsvector = customType<{ data: string }>({ dataType: () => 'tsvector' });

/** A value of `attributes`; its keys are the shop's own. */
export type AttributeValue = string | number | boolean | readonly string[];
export type Attributes = Readonly<Record<string, AttributeValue>>;

export const products = pgTable(
  'products',
  {
    tenantId: tenantIdColumn(),
    id: id('id', 'product').notNull(),
    sku: text('sku').notNull(),
    name: text('name').notNull(),
    description: text('description'),
    category: text('category'),
    priceCents: cents('price_cents').notNull(),
    currency: currency().notNull(),
    /** Null follows the tenant's rate, so that a change of the law is one setting. */
    taxRateBps: integer('tax_rate_bps'),
    imageUrl: text('image_url'),
    attributes: jsonb('attributes').$type<Attributes>().notNull().default({}),
    version: version(),
    createdAt: createdAt(),
    updatedAt: updatedAt(),
    deletedAt: time('deleted_at'),
    // What follows is derived from the columns above by a trigger.
    nameKey: bytewiseText('name_key').notNull().default(''),
    authorKey: text('author_key').notNull().default(''),
    categoryKey: bytewiseText('category_key'),
    authors: text('authors').array().notNull().default([]),
    rating: real('rating').notNull().default(0),
    popularity: real('popularity').notNull().default(0),
    search: tsvector('search').notNull().default(''),
  },
  (table) => {
    const live = sql`deleted_at is null`;
    return [
      primaryKey({ columns: [table.tenantId, table.id] }),
      uniqueIndex('products_sku').on(table.tenantId, table.sku).where(live),
      index('products_created').on(table.tenantId, table.createdAt, table.id).where(live),
      index('products_price').on(table.tenantId, table.priceCents, table.id).where(live),
      index('products_name').on(table.tenantId, table.nameKey, table.id).where(live),
      index('products_rating').on(table.tenantId, table.rating, table.id).where(live),
      index('products_popularity').on(table.tenantId, table.popularity, table.id).where(live),
      index('products_category').on(table.tenantId, table.categoryKey, table.createdAt, table.id).where(live),
      index('products_search').using('gin', table.tenantId, table.search).where(live),
      check('products_price_range', sql`price_cents between 0 and 1000000000000`),
      check('products_tax_range', sql`tax_rate_bps between 0 and 10000`),
    ];
  },
);

/** Units of a product, apart from it: orders change them all the time, and a narrow row is cheap to write. */
export const stock = pgTable(
  'stock',
  {
    tenantId: tenantIdColumn(),
    productId: id('product_id', 'product').notNull(),
    onHand: integer('on_hand').notNull(),
    reserved: integer('reserved').notNull().default(0),
    version: version(),
  },
  (table) => [
    primaryKey({ columns: [table.tenantId, table.productId] }),
    foreignKey({
      name: 'stock_product',
      columns: [table.tenantId, table.productId],
      foreignColumns: [products.tenantId, products.id],
    }),
    check('stock_reserved', sql`reserved >= 0`),
    // A billion can be for sale; as many can be reserved besides, or come back.
    check('stock_on_hand', sql`on_hand >= reserved and on_hand <= 2000000000`),
  ],
);

export const MOVE_KINDS = ['adjust', 'reserve', 'commit', 'release', 'return'] as const;

/** Every change of stock, append-only: the sums of its deltas are the stock. */
export const stockMoves = pgTable(
  'stock_moves',
  {
    tenantId: tenantIdColumn(),
    productId: id('product_id', 'product').notNull(),
    id: id('id', 'stockMove').notNull(),
    kind: text('kind', { enum: MOVE_KINDS }).notNull(),
    onHandDelta: integer('on_hand_delta').notNull(),
    reservedDelta: integer('reserved_delta').notNull(),
    onHandAfter: integer('on_hand_after').notNull(),
    reservedAfter: integer('reserved_after').notNull(),
    reason: text('reason').notNull(),
    orderId: id('order_id', 'order'),
    /** Who adjusted; null where an order or an import did. */
    actorId: text('actor_id'),
    idempotencyKey: text('idempotency_key'),
    createdAt: createdAt(),
  },
  (table) => [
    primaryKey({ columns: [table.tenantId, table.productId, table.id] }),
    uniqueIndex('stock_moves_order')
      .on(table.tenantId, table.orderId, table.productId, table.kind)
      .where(sql`order_id is not null`),
    uniqueIndex('stock_moves_idempotency')
      .on(table.tenantId, table.idempotencyKey)
      .where(sql`idempotency_key is not null`),
    check('stock_moves_kind', sql`kind in ('adjust', 'reserve', 'commit', 'release', 'return')`),
    check('stock_moves_order_kind', sql`(kind = 'adjust') = (order_id is null)`),
  ],
);

/** Stock that an order holds. A trigger refuses every change of state that the rules do not know. */
export const reservations = pgTable(
  'reservations',
  {
    tenantId: tenantIdColumn(),
    orderId: id('order_id', 'order').notNull(),
    state: text('state', { enum: ['held', 'committed', 'released', 'returned'] }).notNull(),
    /** Units by product, summed over the lines; empty on the tombstone of a release that came first. */
    productIds: text('product_ids').array().notNull().default([]),
    quantities: integer('quantities').array().notNull().default([]),
    /** What was answered: a repetition gets the same, whatever prices have become. */
    lines: jsonb('lines').notNull().default([]),
    createdAt: createdAt(),
    updatedAt: updatedAt(),
    /** Of the version before, whose replicas still write it while they are replaced. */
    checkedAt: time('checked_at'),
    /** When the reaper next asks orders about it, if it is still held. By the first time most orders are decided. */
    dueAt: time('due_at')
      .notNull()
      .default(sql`now() + interval '20 minutes'`),
  },
  (table) => [
    primaryKey({ columns: [table.tenantId, table.orderId] }),
    index('reservations_due')
      .on(table.dueAt)
      .where(sql`state = 'held'`),
  ],
);

/** The words of names, authors and categories: what a mistyped word may have meant. Grows with the language, not with the shop. */
export const searchWords = pgTable(
  'search_words',
  { tenantId: tenantIdColumn(), word: bytewiseText('word').notNull() },
  (table) => [primaryKey({ columns: [table.tenantId, table.word] })],
);
