import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { checkBoundaries } from './check-boundaries.ts';

let root: string;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'zoco-boundaries-'));
  write('services/users/src/main.ts', 'export {};\n');
  write('services/orders/src/main.ts', 'export {};\n');
  write('libs/kernel/src/money.ts', 'export {};\n');
});

afterEach(() => rmSync(root, { recursive: true, force: true }));

function write(path: string, text: string): void {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), text);
}

/** The findings for one more file, as `line rule`. */
function findingsFor(path: string, text: string): string[] {
  write(path, text);
  return checkBoundaries(root)
    .filter(({ file }) => file === path)
    .map(({ line, rule }) => `${line} ${rule}`);
}

test('a tree that keeps the rules has no findings', () => {
  expect(checkBoundaries(root)).toEqual([]);
});

describe('write-in-actions', () => {
  const opening = 'export const a = (ctx: Ctx) =>\n  ctx.transact((tx) => save(tx));\n';

  test.each([
    ['services/orders/src/routes/orders.ts', opening],
    ['services/orders/src/db/orders.ts', opening],
    ['services/orders/src/main.ts', opening],
    ['services/orders/src/sweeper.ts', 'export const a = (ctx) =>\n  ctx.transact<Order>(f);\n'],
    ['services/orders/src/sweeper.ts', 'export const a = (ctx) =>\n  ctx?.transact (f);\n'],
    ['services/orders/src/sweeper.ts', 'const { transact } = ctx;\ntransact(f);\n'],
    ['services/orders/src/sweeper.ts', 'export const a = (db) =>\n  db.work((tx) => tx);\n'],
    ['services/orders/src/sweeper.ts', 'const f = () => { return `${x}`; };\nctx.transact(f);\n'],
    ['services/orders/src/sweeper.ts', '// a\nconst text = `${ctx.transact(f)}`;\n'],
  ])('refuses in %s: %s', (path, text) => {
    expect(findingsFor(path, text)).toEqual(['2 write-in-actions']);
  });

  test.each([
    ['services/orders/src/actions/cancel-order.ts', opening],
    ['services/orders/src/consumers/on-payment-failed.ts', opening],
    ['services/orders/src/db/orders.test.ts', opening],
    ['services/orders/src/db/orders.int.test.ts', opening],
    ['libs/postgres/src/database.ts', opening],
    ['services/orders/src/app.ts', '// ctx.transact(f) is for actions\nconst s = "ctx.transact(f)";\n'],
    ['services/orders/src/app.ts', 'const s = `ctx.transact(f) ${"x"} ctx.transact(f)`;\n'],
    ['services/orders/src/app.ts', 'const s = /ctx.transact(f)/;\nconst half = n / 2;\n'],
    ['services/orders/src/app.ts', 'ctx.read((tx) => tx); network(f);\n'],
  ])('allows in %s: %s', (path, text) => {
    expect(findingsFor(path, text)).toEqual([]);
  });
});

describe('no-raw-sql', () => {
  test.each([
    'const a = \nsql.raw(name);\n',
    'const a = \nsql.identifier(name);\n',
    "const a = \nsql['raw'](name);\n",
    'const a = \ntx.sql.unsafe(name);\n',
    'const a =\nsql`select ${sql.raw(name)}`;\n',
  ])('refuses %s', (text) => {
    expect(findingsFor('services/orders/src/db/orders.ts', text)).toEqual(['2 no-raw-sql']);
    expect(findingsFor('services/orders/src/db/orders.int.test.ts', text)).toEqual(['2 no-raw-sql']);
    expect(findingsFor('libs/postgres/src/migrate.ts', text)).toEqual([]);
  });

  test('allows placeholders', () => {
    expect(findingsFor('services/orders/src/db/orders.ts', 'sql`select ${id} -- sql.raw(x)`;\n')).toEqual([]);
  });
});

describe('package-door', () => {
  test.each([
    ['services/orders/src/app.ts', "\nimport { a } from '@zoco/users';\n"],
    ['services/orders/src/app.ts', "\nimport type { A } from '@zoco/users/src/app.ts';\n"],
    ['services/orders/src/app.ts', "\nexport { a } from '../../users/src/app.ts';\n"],
    ['services/orders/src/app.ts', "\nconst a = await import('../../users/src/app.ts');\n"],
    ['services/orders/src/app.ts', "\nimport '../../users/src/app.ts';\n"],
    ['services/orders/src/app.test.ts', "\nimport { a } from '@zoco/users';\n"],
    ['services/orders/src/app.ts', "\nimport { a } from '../../../libs/kernel/src/money.ts';\n"],
    ['libs/kernel/src/ids.ts', "\nimport { a } from '../../contracts/src/index.ts';\n"],
    ['libs/local/src/start.ts', "\nimport { a } from '@zoco/users';\n"],
    ['libs/local/src/start.ts', "\nimport { a } from '../../../services/users/src/main.ts';\n"],
  ])('refuses in %s: %s', (path, text) => {
    expect(findingsFor(path, text)).toEqual(['2 package-door']);
  });

  test.each([
    ['services/orders/src/app.ts', "import { a } from '@zoco/kernel';\nimport b from './main.ts';\n"],
    ['services/orders/src/routes/orders.ts', "import { a } from '../../package.json';\n"],
    ['services/orders/src/app.ts', "import { a } from '@zoco/orders';\n"],
    ['services/orders/src/app.ts', "// import { a } from '@zoco/users';\n"],
    ['e2e/journeys/buy.e2e.ts', "import { a } from '../../services/users/src/main.ts';\n"],
  ])('allows in %s: %s', (path, text) => {
    expect(findingsFor(path, text)).toEqual([]);
  });
});

describe('problem-code', () => {
  test.each([
    `throw new Problem('conflict',\n'OrderConflict', 'text');`,
    `throw new Problem('conflict',\n"conflict", 'text');`,
    `throw new Problem('conflict',\n'order-conflict', 'text');`,
    `throw new Problem('not_found',\n'missing_order', 'text');`,
    `throw new Problem('invalid', late ? 'order_late' :\n'bad_order', 'text');`,
    `return problem('invalid',\n'Order is late', 'text');`,
  ])('refuses %s', (text) => {
    expect(findingsFor('services/orders/src/rules/order.ts', text)).toEqual(['2 problem-code']);
    expect(findingsFor('libs/service/src/auth.ts', text)).toEqual(['2 problem-code']);
  });

  test.each([
    `throw new Problem('not_found', 'order_not_found', 'No, there is none.');`,
    `throw new Problem('conflict', 'order_cancel_window_over', \`It is \${late}.\`, { errors: [] });`,
    `throw new Problem('limited', options.code, 'Busy, Wait');`,
    `throw new Problem(kind, codeOf('Order'), 'Busy');`,
    `throw new Problem(kindOf('X', 'Y'), 'order_late', 'Busy');`,
    `report(new Problem(kind), 'Order', 'text');`,
    `// new Problem('conflict', 'Conflict', 'text')`,
  ])('allows %s', (text) => {
    expect(findingsFor('services/orders/src/rules/order.ts', text)).toEqual([]);
  });

  test('leaves tests alone', () => {
    const text = `new Problem('conflict', 'x', 'text');`;
    expect(findingsFor('services/orders/src/rules/order.test.ts', text)).toEqual([]);
  });
});

describe('catch-all-name', () => {
  test.each([
    'services/orders/src/utils.ts',
    'services/orders/src/db/helpers.ts',
    'services/orders/src/rules/common.test.ts',
    'services/orders/src/rules/misc/totals.ts',
    'libs/kernel/src/lib.ts',
    'libs/kernel/src/types.ts',
    'libs/kernel/src/interfaces.ts',
    'libs/shared/src/money.ts',
    'e2e/test-helpers.ts',
    'utils.mjs',
  ])('refuses %s', (path) => {
    expect(findingsFor(path, '\n')).toEqual(['1 catch-all-name']);
  });

  test.each([
    'libs/kernel/src/event-types.ts',
    'libs/kernel/src/commonwealth.ts',
    'services/orders/utils.md',
  ])('allows %s', (path) => {
    expect(findingsFor(path, '\n')).toEqual([]);
  });
});

describe('service-folder', () => {
  test.each(['domain/order.ts', 'lib-orders/order.ts', 'handlers/deep/order.ts', 'sql/claim.sql'])(
    'refuses src/%s',
    (path) => {
      expect(findingsFor(`services/orders/src/${path}`, '\n')).toEqual(['1 service-folder']);
    },
  );

  test.each([
    'services/orders/src/rules/order.ts',
    'services/orders/src/actions/deep/cancel-order.ts',
    'services/orders/src/app.ts',
    'services/orders/migrations/0001.sql',
    'libs/local/src/sandbox/stripe.ts',
  ])('allows %s', (path) => {
    expect(findingsFor(path, '\n')).toEqual([]);
  });
});

describe('file-length', () => {
  test.each([
    ['services/orders/src/db/orders.ts', 300],
    ['scripts/build.mjs', 300],
    ['services/orders/src/db/orders.test.ts', 500],
    ['e2e/journeys/buy.e2e.ts', 500],
  ])('%s may have %i lines and not one more', (path, linesMax) => {
    expect(findingsFor(path, '//\n'.repeat(linesMax))).toEqual([]);
    expect(findingsFor(path, '//\n'.repeat(linesMax + 1))).toEqual([`${linesMax + 1} file-length`]);
  });
});

describe('dead-reference', () => {
  const PAGES = ['README.md', 'docs/decisions/0001-outbox.md', 'services/orders/README.md'];

  describe.each(PAGES)('%s', (page) => {
    test.each([
      'see [the rule](nowhere/order.ts)',
      'see [the rule](./gone.md#there "Title")',
      'see ![a picture](<gone.png>)',
      '[rule]: nowhere/order.ts',
      'see `src/rules/gone.ts`',
      'see `services/gone/README.md:12`',
      'see `libs/gone`',
    ])('refuses: %s', (text) => {
      expect(findingsFor(page, `# Title\n\n${text}\n`)).toEqual(['3 dead-reference']);
    });

    test.each([
      'see [the site](https://example.com/a/b.md), [the top](#title) and <mailto:a@example.com>',
      'see `services/users/src/main.ts:1` and `libs/kernel/`',
      'ask `GET /api/v1/orders`, `/openapi.json`, `application/problem+json` or `@zoco/kernel`',
      'built to `services/orders/dist/main.js`, kept in `.zoco/state/pids.json`',
      'one per service: `services/<service>/README.md`, `services/*/src/main.ts`',
      'say `[text](gone.md)` for a link',
      '```sh\nnode gone/script.ts `x/gone.ts` [a](gone.md)\n```',
    ])('allows: %s', (text) => {
      expect(findingsFor(page, `# Title\n\n${text}\n`)).toEqual([]);
    });
  });

  test('paths of a README count from the root, from its package and from src/', () => {
    write('services/orders/src/rules/order.ts', '\n');
    const text =
      '`services/orders/src/rules/order.ts` `src/rules/order.ts` `rules/order.ts` [o](src/rules/order.ts)';
    expect(findingsFor('services/orders/README.md', text)).toEqual([]);
    expect(findingsFor('docs/architecture.md', text)).toHaveLength(3);
  });
});

describe('the program', () => {
  function run(): Promise<{ code: number; stdout: string }> {
    const script = join(import.meta.dirname, 'check-boundaries.ts');
    return new Promise((resolve) => {
      execFile(process.execPath, [script, root], (error, stdout) => {
        resolve({ code: typeof error?.code === 'number' ? error.code : 0, stdout });
      });
    });
  }

  test('prints one line per finding, with the way out, and exits with 1', async () => {
    write('services/orders/src/utils.ts', '\nsql.raw(x);\n');
    expect(await run()).toEqual({
      code: 1,
      stdout:
        'services/orders/src/utils.ts:1 catch-all-name: `utils` says nothing: name it for the one thing it holds, and split it when it holds more.\n' +
        'services/orders/src/utils.ts:2 no-raw-sql: Text in SQL is an injection in waiting: use placeholders, columns of the schema or a literal map.\n',
    });
  });

  test('says nothing and exits with 0 when all is well', async () => {
    expect(await run()).toEqual({ code: 0, stdout: '' });
  });

  test('does not look into what is installed or built', async () => {
    write('node_modules/x/src/utils.ts', '\n');
    write('services/orders/dist/utils.ts', '\n');
    expect((await run()).code).toBe(0);
  });
});
