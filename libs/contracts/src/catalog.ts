import { z } from 'zod';
import { defineEvent } from './event.ts';
import { centsField, currencyField, exampleId, idField, rateBpsField, timeField } from './fields.ts';

export const productSnapshot = z.object({
  product_id: idField('product'),
  sku: z.string(),
  name: z.string(),
  category: z.string().nullable(),
  price_cents: centsField,
  currency: currencyField,
  tax_rate_bps: rateBpsField,
  image_url: z.string().nullable(),
  updated_at: timeField,
});

const exampleProduct: z.input<typeof productSnapshot> = {
  product_id: exampleId('product'),
  sku: '9780439023481',
  name: 'The Hunger Games',
  category: 'fiction',
  price_cents: 1299,
  currency: 'EUR',
  tax_rate_bps: 400,
  image_url: null,
  updated_at: '2026-11-22T10:15:00.000Z',
};

export const productCreated = defineEvent({
  type: 'product.created',
  producer: 'catalog',
  summary: 'A product was added.',
  data: productSnapshot,
  example: exampleProduct,
});

export const productUpdated = defineEvent({
  type: 'product.updated',
  producer: 'catalog',
  summary: 'A product changed; carries what it is now.',
  data: productSnapshot,
  example: { ...exampleProduct, price_cents: 1199 },
});

export const productDeleted = defineEvent({
  type: 'product.deleted',
  producer: 'catalog',
  summary: 'A product was deleted (soft) and can no longer be sold.',
  data: z.object({ product_id: idField('product'), sku: z.string() }),
  example: { product_id: exampleProduct.product_id, sku: exampleProduct.sku },
});

export const stockChanged = defineEvent({
  type: 'stock.changed',
  producer: 'catalog',
  summary: 'Units on hand or reserved changed; `stock` is what can be sold now.',
  data: z.object({
    product_id: idField('product'),
    sku: z.string(),
    stock: z.int(),
    stock_on_hand: z.int(),
    stock_reserved: z.int(),
    reason: z.string(),
  }),
  example: {
    product_id: exampleProduct.product_id,
    sku: exampleProduct.sku,
    stock: 4,
    stock_on_hand: 5,
    stock_reserved: 1,
    reason: 'reserve',
  },
});

/** Most lines that a reservation, and so an order, may have; the longest invoice of the wholesaler whose orders we replay has 1,112. */
export const RESERVATION_LINES_MAX = 1200;

/** `PUT /internal/reservations/{order_id}`: the same order id with the same lines may be asked again at any time. */
export const reservationRequest = z.strictObject({
  lines: z
    .array(z.strictObject({ product_id: z.string().max(64), quantity: z.int().min(1).max(1_000_000) }))
    .min(1)
    .max(RESERVATION_LINES_MAX),
});
export type ReservationRequest = z.infer<typeof reservationRequest>;

export const reservationState = z.enum(['held', 'committed', 'released', 'returned']);
export type ReservationState = z.infer<typeof reservationState>;

/** What is reserved, with the price, name and tax that the order must use. */
export const reservation = z.object({
  order_id: idField('order'),
  state: reservationState,
  lines: z.array(
    z.object({
      product_id: idField('product'),
      sku: z.string(),
      name: z.string(),
      category: z.string().nullable(),
      quantity: z.int(),
      unit_price_cents: centsField,
      currency: currencyField,
      tax_rate_bps: rateBpsField,
    }),
  ),
});
export type Reservation = z.infer<typeof reservation>;

/** `POST /internal/products/lookup`: live price and availability of many products in one call. */
export const productLookupRequest = z.strictObject({
  product_ids: z.array(z.string().max(64)).min(1).max(500),
});
export const productLookup = z.object({
  data: z.array(productSnapshot.extend({ stock: z.int() })),
});
export type ProductLookup = z.infer<typeof productLookup>;

/** A line that an import refused. Lines count from 1, the header of a CSV included. */
export const importRefusal = z.object({
  line: z.int().positive(),
  sku: z.string().nullable(),
  errors: z.array(z.object({ field: z.string(), code: z.string(), detail: z.string() })).min(1),
});
export type ImportRefusal = z.infer<typeof importRefusal>;

/** The answer of `POST /api/v1/products/import`: what became of the lines, and every one that was refused. */
export const importSummary = z.object({
  created: z.int().min(0),
  updated: z.int().min(0),
  unchanged: z.int().min(0),
  /** How many lines were refused, all of them counted. */
  refused_count: z.int().min(0),
  /** The refused lines, at most 1,000 of them. */
  refused: z.array(importRefusal),
  /** Whether `refused` holds fewer lines than `refused_count` says. */
  refused_truncated: z.boolean(),
});
export type ImportSummary = z.infer<typeof importSummary>;
