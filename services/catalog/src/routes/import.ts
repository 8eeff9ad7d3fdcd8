import { z } from '@hono/zod-openapi';
import { importSummary, type ImportSummary } from '@zoco/contracts';
import { Problem } from '@zoco/kernel';
import { databaseProblem } from '@zoco/postgres';
import { atLeast, createRouter, defineRoute, refuseEncoding } from '@zoco/service';
import { importProducts } from '../actions/import-products.ts';
import type { RouteDeps } from '../app.ts';
import { readLines } from '../import-lines.ts';
import { IMPORT_FORMATS, type ImportFormat, readRecords } from '../import-records.ts';

const LINE_BYTES_MAX = 64 * 1024;
const PAUSE_MS = 15_000;

const CSV_EXAMPLE = [
  'sku,name,price_cents,stock,category,attributes.author',
  '9780439023481,The Hunger Games,1299,25,fiction,Suzanne Collins',
].join('\n');
const NDJSON_EXAMPLE = JSON.stringify({
  sku: '9780439023481',
  name: 'The Hunger Games',
  price_cents: 1299,
  stock: 25,
  attributes: { author: 'Suzanne Collins' },
});

const importRoute = defineRoute({
  method: 'post',
  path: '/api/v1/products/import',
  access: atLeast('staff', 'products:write'),
  summary: 'Import products',
  description: [
    'Adds and changes products by sku from a CSV (columns: the fields of a product, and `attributes.<name>`) or from NDJSON (one product per line), read as a stream.',
    'What a row leaves out, or a cell leaves empty, stays as it is; a new product needs name and price. Rows that change nothing write nothing, so an import can be repeated.',
    'Refused lines do not hold up the others. An ISBN that lost its leading zeros gets them back when its check digit then fits; one that a spreadsheet wrote as 9.78E+12 is left out, since digits are lost; others stay as they are.',
  ].join(' '),
  tags: ['products'],
  request: {
    query: z.strictObject({
      stock: z.enum(['initial', 'set']).default('initial').openapi({
        description:
          '`initial`: stock counts for new products only, so that a repeated import does not undo sales. `set`: it is the number of units for sale of known ones, too, reached by a move of the difference.',
      }),
    }),
    body: {
      required: true,
      content: {
        'text/csv': { schema: z.string().openapi({ example: CSV_EXAMPLE }) },
        'application/x-ndjson': { schema: z.string().openapi({ example: NDJSON_EXAMPLE }) },
      },
    },
  },
  responses: {
    200: {
      description: 'What became of the lines.',
      content: { 'application/json': { schema: importSummary } },
    },
    408: { description: 'The body stopped coming; what had come is imported, `imported` says what.' },
    413: { description: 'The body is too large; what came before is imported, `imported` says what.' },
  },
  problems: [415],
});

export function importRoutes({ config, cache, failpoint }: RouteDeps) {
  const router = createRouter();
  router.openapi(importRoute, async (c) => {
    const ctx = c.var.userCtx;
    refuseEncoding(c.req);
    const format = formatOf(c.req.header('content-type'));
    const bytesMax = config.CATALOG_IMPORT_BYTES_MAX;
    if (Number(c.req.header('content-length') ?? 0) > bytesMax) {
      throw new Problem('too_large', 'import_too_large', `An import may have at most ${bytesMax} bytes.`);
    }
    const lines = readLines(c.req.raw.body, { bytesMax, lineBytesMax: LINE_BYTES_MAX, pauseMs: PAUSE_MS });
    const summary = emptySummary();
    try {
      await importProducts(ctx, readRecords(format, lines), {
        stock: c.req.valid('query').stock,
        summary,
        failpoint,
        onBatch: () => cache.forgetTenant(ctx.tenantId),
      });
    } catch (error) {
      const problem = error instanceof Problem ? error : databaseProblem(error);
      throw problem === undefined ? error : withSummary(problem, summary);
    }
    return c.json(inOrderOfLines(summary), 200);
  });
  return router;
}

function emptySummary(): ImportSummary {
  return { created: 0, updated: 0, unchanged: 0, refused_count: 0, refused: [], refused_truncated: false };
}

/** An import that breaks off has imported what came before: the answer says so. */
function withSummary(problem: Problem, imported: ImportSummary): Problem {
  const { kind, code, message, errors, cause, retryAfterSeconds } = problem;
  return new Problem(kind, code, message, {
    errors,
    cause,
    ...(retryAfterSeconds === undefined ? {} : { retryAfterSeconds }),
    extensions: { imported: inOrderOfLines(imported) },
  });
}

/** What cannot be read is refused as it comes, what cannot be written only with its batch. */
function inOrderOfLines(summary: ImportSummary): ImportSummary {
  return { ...summary, refused: summary.refused.toSorted((a, b) => a.line - b.line) };
}

function formatOf(contentType: string | undefined): ImportFormat {
  const type = contentType?.split(';')[0]?.trim().toLowerCase();
  const format = IMPORT_FORMATS.find((name) => name === type);
  if (format !== undefined) return format;
  throw new Problem(
    'unsupported',
    'content_type_unsupported',
    `Send the import as ${IMPORT_FORMATS.join(' or ')}.`,
  );
}
