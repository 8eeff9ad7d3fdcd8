import { z } from '@hono/zod-openapi';
import { orderStatus } from '@zoco/contracts';
import { createRouter, defineRoute, pageOf, signedIn } from '@zoco/service';
import { listOrders } from '../db/order-list.ts';
import { purchaseSummary } from '../db/purchases.ts';
import { orderView, viewOf } from '../order-view.ts';
import { orderPageQuery } from './order-page-query.ts';

const tags = ['purchases'];
const cents = z.int();

const list = defineRoute({
  method: 'get',
  path: '/api/v1/purchases',
  access: signedIn('orders:read'),
  summary: 'Own purchases, newest first',
  description: 'The signed-in user’s own orders; those that never came about are left out.',
  tags,
  request: { query: z.strictObject(orderPageQuery) },
  responses: {
    200: {
      description: 'A page of orders.',
      content: { 'application/json': { schema: pageOf(orderView) } },
    },
  },
});

const summaryView = z
  .object({
    totals: z.array(
      z.object({
        currency: z.string(),
        orders: z.int(),
        units: z.int(),
        spent_cents: cents,
        refunded_cents: cents,
      }),
    ),
    by_month: z
      .array(z.object({ month: z.string(), currency: z.string(), orders: z.int(), spent_cents: cents }))
      .openapi({ description: 'The newest 24 months with purchases, by the shop’s clocks.' }),
    top_categories: z
      .array(
        z.object({
          category: z.string().nullable(),
          currency: z.string(),
          units: z.int(),
          spent_cents: cents,
        }),
      )
      .openapi({ description: 'The ten categories that most was spent on, shipping not counted.' }),
  })
  .openapi('PurchaseSummary', {
    example: {
      totals: [{ currency: 'EUR', orders: 3, units: 5, spent_cents: 8844, refunded_cents: 0 }],
      by_month: [{ month: '2026-11', currency: 'EUR', orders: 3, spent_cents: 8844 }],
      top_categories: [{ category: 'fiction', currency: 'EUR', units: 4, spent_cents: 5196 }],
    },
  });

const summary = defineRoute({
  method: 'get',
  path: '/api/v1/purchases/analytics/summary',
  access: signedIn('orders:read'),
  summary: 'What the signed-in user bought, in numbers',
  description: 'Counts confirmed orders that were not canceled; partial refunds are told apart.',
  tags,
  responses: {
    200: { description: 'The numbers.', content: { 'application/json': { schema: summaryView } } },
  },
});

const PURCHASES = orderStatus.exclude(['pending', 'rejected']).options;

export function purchaseRoutes() {
  return createRouter()
    .openapi(list, async (c) => {
      const ctx = c.var.userCtx;
      const { limit, cursor } = c.req.valid('query');
      const filter = { userId: ctx.principal.id, statuses: PURCHASES, timeZone: ctx.tenant.time_zone };
      const page = await ctx.read((tx) => listOrders(tx, filter, { limit, cursor }));
      return c.json({ ...page, data: page.data.map((order) => viewOf(order, ctx.tenant)) }, 200);
    })
    .openapi(summary, async (c) => {
      const ctx = c.var.userCtx;
      const found = await ctx.read((tx) => purchaseSummary(tx, ctx.principal.id, ctx.tenant.time_zone));
      return c.json(
        {
          totals: found.totals.map(({ spentCents, refundedCents, ...rest }) => ({
            ...rest,
            spent_cents: spentCents,
            refunded_cents: refundedCents,
          })),
          by_month: found.byMonth.map(({ spentCents, ...rest }) => ({ ...rest, spent_cents: spentCents })),
          top_categories: found.topCategories.map(({ spentCents, ...rest }) => ({
            ...rest,
            spent_cents: spentCents,
          })),
        },
        200,
      );
    });
}
