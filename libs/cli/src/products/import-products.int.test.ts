import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type ApiServer, type GivenAnswer, problem, startApiServer } from '../../fixtures/api-server.ts';
import { silentTerminal } from '../../fixtures/silent-terminal.ts';
import { run } from '../run.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'zoco-import-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

interface Sent {
  readonly sku: string;
  readonly name: string;
  readonly price_cents: number;
}

/** Keeps products by sku as the catalog does, and refuses names that are empty. */
async function startCatalog(interfere: (batch: number) => GivenAnswer | undefined = () => undefined) {
  const products = new Map<string, string>();
  let batches = 0;
  const server = await startApiServer(({ path, body }) => {
    if (path.endsWith('/login')) return { status: 200, json: { access_token: 't' } };
    batches += 1;
    const given = interfere(batches);
    if (given !== undefined) return given;
    const summary = {
      created: 0,
      updated: 0,
      unchanged: 0,
      refused_count: 0,
      refused: [],
      refused_truncated: false,
    };
    const refused: object[] = [];
    body.split('\n').forEach((line, index) => {
      const { sku, name } = JSON.parse(line) as Sent;
      if (name === '') {
        const errors = [{ field: 'name', code: 'too_small', detail: 'is empty' }];
        refused.push({ line: index + 1, sku, errors });
      } else if (!products.has(sku)) summary.created += 1;
      else if (products.get(sku) === line) summary.unchanged += 1;
      else summary.updated += 1;
      if (name !== '') products.set(sku, line);
    });
    return { status: 200, json: { ...summary, refused, refused_count: refused.length } };
  });
  return { products, server, [Symbol.asyncDispose]: () => server[Symbol.asyncDispose]() };
}

async function importFile(server: ApiServer, name: string, content: string | Uint8Array, ...flags: string[]) {
  writeFileSync(join(folder, name), content);
  const terminal = silentTerminal();
  const exitCode = await run(
    ['import', 'products', name, '--tenant', 'libros', '--url', server.url, ...flags],
    {
      surroundings: { env: {}, system: undefined, folder },
      terminal,
      signal: new AbortController().signal,
    },
  );
  return { exitCode, summary: terminal.outLines.at(-1) ?? '', notes: terminal.noteLines };
}

const HEADER = 'sku,name,price_cents,stock';
const csv = (rows: number, nameOf = (row: number) => `Name ${row}`) =>
  [HEADER, ...Array.from({ length: rows }, (_, row) => `S-${row},${nameOf(row)},${100 + row},1`)].join('\n');

test('every row reaches the catalog in batches of at most 500, plain or gzip', async () => {
  await using catalog = await startCatalog();
  const { exitCode, summary } = await importFile(catalog.server, 'p.csv.gz', gzipSync(csv(1234)));
  expect(exitCode).toBe(0);
  expect(summary).toMatch(
    /^1,234 rows in .* s \(.* rows\/s\): 1,234 created, 0 updated, 0 unchanged, 0 refused$/,
  );
  expect(catalog.products.size).toBe(1234);
  const imports = catalog.server.requests.filter(({ path }) => path === '/api/v1/products/import');
  expect(imports.map(({ body }) => body.split('\n').length)).toEqual([500, 500, 234]);
  for (const { headers } of imports) expect(headers['content-type']).toBe('application/x-ndjson');
});

test('a second run changes nothing; a changed row is updated', async () => {
  await using catalog = await startCatalog();
  await importFile(catalog.server, 'p.csv', csv(600));
  const again = await importFile(catalog.server, 'p.csv', csv(600));
  expect(again.summary).toContain('0 created, 0 updated, 600 unchanged, 0 refused');
  const changed = await importFile(
    catalog.server,
    'p.csv',
    csv(600, (row) => (row === 7 ? 'Other' : `Name ${row}`)),
  );
  expect(changed.summary).toContain('0 created, 1 updated, 599 unchanged, 0 refused');
});

test('a catalog that is busy for a while costs nothing but time', async () => {
  await using catalog = await startCatalog((batch) =>
    batch % 2 === 1 ? problem(503, 'service_overloaded') : undefined,
  );
  const { summary } = await importFile(catalog.server, 'p.csv', csv(1100));
  expect(summary).toContain('1,100 created');
});

describe('refused rows', () => {
  const bad = [HEADER, 'A,,1,1', 'B,fine,1,1', 'C,x,no price,1', 'D,too,few', 'E,,1,1'].join('\n');

  test('are named by their line in the file and the reason; the others are in', async () => {
    await using catalog = await startCatalog();
    const { exitCode, summary, notes } = await importFile(catalog.server, 'bad.csv', bad);
    expect(exitCode).toBe(0);
    expect(summary).toContain('5 rows in');
    expect(summary).toContain('1 created, 0 updated, 0 unchanged, 4 refused');
    const shown = notes.join('\n');
    expect(shown).toContain('line 2 (A): name is empty');
    expect(shown).toContain('line 4 (C): ✖ is not a whole number → at price_cents');
    expect(shown).toContain('line 5: has another number of columns than the header');
    expect(shown).toContain('line 6 (E): name is empty');
  });

  test('lines are those of the file in later batches too', async () => {
    await using catalog = await startCatalog();
    const { notes } = await importFile(
      catalog.server,
      'late.csv',
      csv(1200, (row) => (row === 1100 ? '' : `Name ${row}`)),
    );
    expect(notes.join('\n')).toContain('line 1102 (S-1100): name is empty');
  });

  test('end --strict with 1, and all of them are in the report', async () => {
    await using catalog = await startCatalog();
    const none = csv(120, () => '');
    const { exitCode, notes } = await importFile(
      catalog.server,
      'none.csv',
      none,
      '--strict',
      '--report',
      'report.ndjson',
    );
    expect(exitCode).toBe(1);
    expect(notes.at(-1)).toMatch(/^ {2}and 70 more: they are in .*report\.ndjson$/);
    const lines = readFileSync(join(folder, 'report.ndjson'), 'utf8').trimEnd().split('\n');
    expect(lines).toHaveLength(120);
    expect(JSON.parse(lines[119] ?? '')).toEqual({ line: 121, sku: 'S-119', reason: 'name is empty' });
  });
});

test.each([
  ['is not a catalog', { status: 404, json: {} }, /line 2 \(404 no_problem_document/],
  [
    'says no to the whole batch',
    problem(403, 'role_missing'),
    /line 2 \(403 role_missing.*run the same command again/,
  ],
])('an API that %s ends the import with one sentence', async (_what, answer, sentence) => {
  await using catalog = await startCatalog(() => answer);
  const { exitCode, notes } = await importFile(catalog.server, 'p.csv', csv(3));
  expect(exitCode).toBe(1);
  expect(notes.at(-1)).toMatch(sentence);
});
