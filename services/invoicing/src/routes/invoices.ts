import { z } from '@hono/zod-openapi';
import {
  createRouter,
  decodeCursor,
  defineRoute,
  encodeCursor,
  hasRole,
  optionalIdempotencyHeaders,
  pageOf,
  pageQuery,
  type Principal,
  signedIn,
  toPage,
} from '@zoco/service';
import { getDocument, invoiceOfOrder, listDocuments, type Viewer } from '../db/documents.ts';
import { RENDERER_VERSION } from '../renderer-version.ts';
import { invoiceDetail, invoiceView, toView } from './invoice-schema.ts';

const tags = ['invoices'];
const params = z.object({ id: z.string().max(64).openapi({ example: 'inv_01jqb3k5xwf7kt3qk5v1y6zj3m' }) });

const listRoute = defineRoute({
  method: 'get',
  path: '/api/v1/invoices',
  access: signedIn('invoices:read'),
  summary: 'Invoices and credit notes, newest first',
  description: 'Buyers see their own, staff all of the tenant.',
  tags,
  request: {
    query: z.strictObject({
      ...pageQuery,
      order_id: z.string().max(64).optional().openapi({ description: 'Documents of one order.' }),
      customer_id: z.string().max(64).optional().openapi({ description: 'Documents of one B2B customer.' }),
    }),
  },
  responses: {
    200: { description: 'A page.', content: { 'application/json': { schema: pageOf(invoiceView) } } },
  },
});

const getRoute = defineRoute({
  method: 'get',
  path: '/api/v1/invoices/{id}',
  access: signedIn('invoices:read'),
  summary: 'One invoice or credit note with all that it says',
  tags,
  request: { params },
  responses: {
    200: { description: 'The document.', content: { 'application/json': { schema: invoiceDetail } } },
  },
  problems: [404],
});

const pdfRoute = defineRoute({
  method: 'get',
  path: '/api/v1/invoices/{id}/pdf',
  access: signedIn('invoices:read'),
  summary: 'The document as PDF/A-3',
  description:
    'A function of the stored snapshot alone: the same bytes every time. The snapshot is attached to it as JSON; its SHA-256 is `sha256` of the invoice.',
  tags,
  request: { params },
  responses: {
    200: {
      description: 'The PDF.',
      content: { 'application/pdf': { schema: z.string().openapi({ format: 'binary' }) } },
    },
  },
  problems: [404],
});

/** The invoice comes by itself when an order is confirmed; this finds it, so repeating it changes nothing. */
const issueRoute = <const P extends string>(path: P) =>
  defineRoute({
    method: 'post',
    path,
    access: signedIn('invoices:read'),
    summary: 'The invoice of an order',
    description:
      'Issued by itself when the order is confirmed; before that, 404. Needs no Idempotency-Key, and takes one.',
    tags,
    request: {
      headers: optionalIdempotencyHeaders,
      body: {
        content: {
          'application/json': {
            schema: z
              .strictObject({ order_id: z.string().max(64) })
              .openapi('InvoiceRequest', { example: { order_id: 'ord_01jqb3k5xwf7kt3qk5v1y6zj3m' } }),
          },
        },
      },
    },
    responses: {
      200: { description: 'The invoice.', content: { 'application/json': { schema: invoiceView } } },
    },
    problems: [404],
  });

export function invoiceRoutes() {
  const router = createRouter();

  router.openapi(listRoute, async (c) => {
    const { limit, cursor, order_id: orderId, customer_id: customerId } = c.req.valid('query');
    const scope = `invoices:${orderId ?? ''}:${customerId ?? ''}`;
    const [before] =
      cursor === undefined ? [undefined] : decodeCursor(cursor, scope, z.tuple([z.string().max(64)]));
    const viewer = viewerOf(c.var.userCtx.principal);
    const rows = await c.var.userCtx.read((tx) =>
      listDocuments(tx, viewer, { orderId, customerId, before, limit: limit + 1 }),
    );
    const page = toPage(rows, limit, (last) => encodeCursor(scope, [last.id]));
    return c.json({ data: page.data.map(toView), next_cursor: page.next_cursor }, 200);
  });

  router.openapi(getRoute, async (c) => {
    const { userCtx } = c.var;
    const stored = await userCtx.read((tx) =>
      getDocument(tx, c.req.valid('param').id, viewerOf(userCtx.principal)),
    );
    return c.json({ ...toView(stored), document: stored.snapshot }, 200);
  });

  router.openapi(pdfRoute, async (c) => {
    const { userCtx } = c.var;
    const stored = await userCtx.read((tx) =>
      getDocument(tx, c.req.valid('param').id, viewerOf(userCtx.principal)),
    );
    const etag = `"${stored.sha256}-${RENDERER_VERSION}"`;
    const headers = { etag, 'cache-control': 'private, max-age=86400' };
    const known = c.req.header('if-none-match')?.split(',') ?? [];
    if (known.some((tag) => tag.trim().replace(/^W\//, '') === etag)) return c.body(null, 304, headers);
    // Loaded with the first document that somebody wants: it takes 30 MB, which a replica that only issues need not pay.
    const { renderDocument } = await import('../render-document.ts');
    const pdf = await renderDocument(stored.snapshot);
    return c.body(new Uint8Array(pdf), 200, {
      ...headers,
      'content-type': 'application/pdf',
      'content-disposition': `inline; filename="${stored.number}.pdf"`,
    });
  });

  for (const path of ['/api/v1/invoices', '/api/v1/bill/generate'] as const) {
    router.openapi(issueRoute(path), async (c) => {
      const { userCtx } = c.var;
      const { order_id: orderId } = c.req.valid('json');
      const stored = await userCtx.read((tx) => invoiceOfOrder(tx, orderId, viewerOf(userCtx.principal)));
      return c.json(toView(stored), 200);
    });
  }
  return router;
}

function viewerOf(principal: Principal): Viewer {
  return { userId: hasRole(principal.roles, 'staff') ? null : principal.id };
}
