import { randomUUID } from 'node:crypto';
import { eventually } from '@zoco/testing';
import { z } from 'zod';
import type { Api } from './api.ts';

export const product = z.object({
  id: z.string(),
  sku: z.string(),
  price_cents: z.number(),
  stock: z.number(),
  stock_on_hand: z.number().optional(),
  stock_reserved: z.number().optional(),
});
export const order = z.object({
  id: z.string(),
  number: z.string(),
  status: z.string(),
  payment_status: z.string(),
  payment_method: z.string(),
  currency: z.string(),
  subtotal_cents: z.number(),
  tax_cents: z.number(),
  shipping_cents: z.number(),
  total_cents: z.number(),
  transfer_to: z.record(z.string(), z.string().nullable()).nullable(),
  items: z.array(z.object({ product_id: z.string(), quantity: z.number(), unit_price_cents: z.number() })),
});
export const document = z.object({
  id: z.string(),
  number: z.string(),
  order_id: z.string(),
  total_cents: z.number(),
});
const documents = z.object({ data: z.array(document.extend({ kind: z.string().optional() })) });

export const ADDRESS = { line1: 'Calle Mayor 1', city: 'Madrid', postal_code: '28013', country: 'ES' };

/** What journeys do again and again, as a shop's staff and buyers do it. */
export interface Shop {
  addProduct(overrides?: Record<string, unknown>): Promise<z.infer<typeof product>>;
  getProduct(id: string): Promise<z.infer<typeof product>>;
  /** Puts one product into the buyer's cart and checks out. */
  checkout(
    token: string,
    productId: string,
    quantity: number,
    paymentToken?: string,
  ): Promise<z.infer<typeof order>>;
  getOrder(token: string, id: string): Promise<z.infer<typeof order>>;
  /** Resolves when the order has that status and payment status. */
  orderBecomes(
    token: string,
    id: string,
    status: string,
    paymentStatus: string,
  ): Promise<z.infer<typeof order>>;
  /** Invoices and credit notes of an order, when there are `count` of them. */
  invoicesOf(token: string, orderId: string, count: number): Promise<z.infer<typeof documents>['data']>;
}

export function createShop(api: Api, tenant: string): Shop {
  const getOrder = (token: string, id: string) => api.expect(200, order, 'GET', `/orders/${id}`, { token });
  const getProduct = async (id: string) =>
    api.expect(200, product, 'GET', `/products/${id}`, { token: await api.demo(tenant, 'staff') });
  return {
    getOrder,
    getProduct,
    async addProduct(overrides = {}) {
      const token = await api.demo(tenant, 'staff');
      const body = {
        sku: `sku-${randomUUID()}`,
        name: 'Lámpara de mesa',
        price_cents: 1299,
        stock: 10,
        ...overrides,
      };
      return api.expect(201, product, 'POST', '/products', { token, body });
    },
    async checkout(token, productId, quantity, paymentToken = 'pm_card_visa') {
      await api.expect(200, z.object({}), 'POST', '/cart/items', {
        token,
        body: { product_id: productId, quantity },
      });
      const body = { payment_method: 'card', payment_token: paymentToken, shipping_address: ADDRESS };
      return api.expect(201, order, 'POST', '/cart/checkout', { token, body, idempotent: true });
    },
    orderBecomes: (token, id, status, paymentStatus) =>
      eventually(async () => {
        const found = await getOrder(token, id);
        if (found.status !== status || found.payment_status !== paymentStatus) {
          throw new Error(`order is ${found.status}/${found.payment_status}, not ${status}/${paymentStatus}`);
        }
        return found;
      }),
    invoicesOf: (token, orderId, count) =>
      eventually(async () => {
        const { data } = await api.expect(200, documents, 'GET', `/invoices?order_id=${orderId}`, { token });
        if (data.length !== count) throw new Error(`${data.length} documents, not ${count}`);
        return data;
      }),
  };
}
