import { z } from '@hono/zod-openapi';
import {
  atLeast,
  createRouter,
  decodeCursor,
  defineRoute,
  encodeCursor,
  pageOf,
  pageQuery,
  toPage,
} from '@zoco/service';
import { accountBalances, listJournals } from '../db/ledger.ts';
import { ACCOUNTS, JOURNAL_KINDS } from '../rules/ledger.ts';

const entrySchema = z.object({
  account: z.enum(ACCOUNTS),
  currency: z.string(),
  amount_cents: z.int().openapi({ description: 'Debit positive, credit negative.' }),
});

const journalSchema = z
  .object({
    id: z.string(),
    kind: z.enum(JOURNAL_KINDS),
    ref: z.string().openapi({ description: 'What it is for; a kind never books the same thing twice.' }),
    payment_id: z.string(),
    order_id: z.string(),
    created_at: z.iso.datetime(),
    entries: z.array(entrySchema).openapi({ description: 'They add up to zero in each currency.' }),
  })
  .openapi('Journal', {
    example: {
      id: 'jrn_01jqb3k5xwf7kt3qk5v1y6zj3m',
      kind: 'capture',
      ref: 'pi_3MtwBwLkdIwHu7ix28a3tqPa',
      payment_id: 'pay_01jqb3k5xwf7kt3qk5v1y6zj3m',
      order_id: 'ord_01jqb3k5xwf7kt3qk5v1y6zj3m',
      created_at: '2026-11-22T10:15:01.000Z',
      entries: [
        { account: 'stripe_clearing', currency: 'EUR', amount_cents: 2948 },
        { account: 'revenue', currency: 'EUR', amount_cents: -2835 },
        { account: 'tax_payable', currency: 'EUR', amount_cents: -113 },
      ],
    },
  });

const balancesSchema = z
  .object({
    data: z.array(z.object({ account: z.enum(ACCOUNTS), currency: z.string(), balance_cents: z.int() })),
  })
  .openapi('Balances', {
    description: 'They add up to zero in each currency; `customer_suspense` is zero at rest.',
    example: {
      data: [
        { account: 'revenue', currency: 'EUR', balance_cents: -2835 },
        { account: 'stripe_clearing', currency: 'EUR', balance_cents: 2948 },
        { account: 'tax_payable', currency: 'EUR', balance_cents: -113 },
      ],
    },
  });

const journals = defineRoute({
  method: 'get',
  path: '/api/v1/payments/ledger',
  access: atLeast('staff', 'payments:read'),
  summary: 'List the journals of the ledger, newest first',
  tags: ['ledger'],
  request: {
    query: z.strictObject({
      kind: z.enum(JOURNAL_KINDS).optional(),
      order_id: z.string().max(64).optional(),
      payment_id: z.string().max(64).optional(),
      ...pageQuery,
    }),
  },
  responses: {
    200: {
      description: 'A page of journals.',
      content: { 'application/json': { schema: pageOf(journalSchema) } },
    },
  },
});

const balances = defineRoute({
  method: 'get',
  path: '/api/v1/payments/ledger/balances',
  access: atLeast('staff', 'payments:read'),
  summary: 'Balance of every account and currency',
  tags: ['ledger'],
  responses: {
    200: { description: 'The balances.', content: { 'application/json': { schema: balancesSchema } } },
  },
});

export function ledgerRoutes() {
  const router = createRouter();
  router.openapi(journals, async (c) => {
    const { kind, order_id: orderId, payment_id: paymentId, limit, cursor } = c.req.valid('query');
    const scope = ['ledger', kind ?? '', orderId ?? '', paymentId ?? ''].join('|');
    const [after] = cursor === undefined ? [] : decodeCursor(cursor, scope, z.tuple([z.string()]));
    const rows = await c.var.ctx.read((tx) => listJournals(tx, { kind, orderId, paymentId, after, limit }));
    const page = toPage(rows, limit, ({ id }) => encodeCursor(scope, [id]));
    const data = page.data.map((row) => ({
      ...row,
      created_at: new Date(row.created_at).toISOString(),
      entries: [...row.entries],
    }));
    return c.json({ ...page, data }, 200);
  });
  router.openapi(balances, async (c) => {
    const data = await c.var.ctx.read((tx) => accountBalances(tx));
    return c.json({ data: [...data] }, 200);
  });
  return router;
}
