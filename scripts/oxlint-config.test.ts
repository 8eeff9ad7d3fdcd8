import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

const ROOT = join(import.meta.dirname, '..');

interface Diagnostic {
  readonly code: string;
  readonly message: string;
  readonly help?: string;
  readonly filename: string;
}

/** One offender per row: where it lies, what it says, and the rule that must refuse it. */
const REFUSED = [
  ['services/orders/src/rules/a.ts', `import { Hono } from 'hono'; export const x = Hono;`, 'imports'],
  ['services/orders/src/rules/b.ts', `export { pgTable } from 'drizzle-orm/pg-core';`, 'imports'],
  ['services/orders/src/rules/c.ts', `export { default } from 'postgres';`, 'imports'],
  ['services/orders/src/rules/d.ts', `export { connect } from '@nats-io/transport-node';`, 'imports'],
  ['services/orders/src/rules/e.ts', `export { randomUUID } from 'node:crypto';`, 'imports'],
  ['services/orders/src/rules/f.ts', `export { pino } from 'pino';`, 'imports'],
  ['services/orders/src/rules/g.ts', `export { orders } from '../db/schema.ts';`, 'imports'],
  ['services/orders/src/rules/deep/h.ts', `export { cancel } from '../../actions/cancel.ts';`, 'imports'],
  ['services/orders/src/rules/i.ts', `export { onPaid } from '../consumers/on-paid.ts';`, 'imports'],
  ['services/orders/src/rules/j.ts', `export { routes } from '../routes/orders.ts';`, 'imports'],
  ['services/orders/src/rules/k.ts', `export { transact } from '@zoco/postgres';`, 'imports'],
  ['services/orders/src/rules/l.ts', `export { users } from '@zoco/users';`, 'imports'],
  ['services/orders/src/rules/m.ts', `export { users } from '../../../users/src/app.ts';`, 'imports'],
  ['services/orders/src/rules/n.ts', `export const now = () => new Date();`, 'globals'],
  ['services/orders/src/rules/o.ts', `export const now = () => globalThis.Date.now();`, 'globals'],
  ['services/orders/src/rules/p.ts', `export const mode = () => process.argv;`, 'globals'],
  ['services/orders/src/rules/q.ts', `export const ask = () => fetch('http://x');`, 'globals'],
  ['services/orders/src/rules/r.ts', `export const say = () => console.log('x');`, 'globals'],
  ['services/orders/src/rules/s.ts', `export const id = () => crypto.randomUUID();`, 'globals'],
  ['services/orders/src/rules/t.ts', `export const dice = () => Math.random();`, 'properties'],

  ['services/orders/src/actions/a.ts', `export { users } from '@zoco/users';`, 'imports'],
  ['services/orders/src/actions/b.ts', `export { app } from '../../../users/src/app.ts';`, 'imports'],
  ['services/orders/src/actions/c.ts', `export { users } from '@zoco/users/src/app.ts';`, 'imports'],
  ['services/orders/src/actions/d.ts', `export const lazy = () => import('@zoco/users');`, 'imports'],
  ['services/orders/src/actions/e.ts', `export { routes } from '../routes/orders.ts';`, 'imports'],
  ['services/orders/src/actions/f.ts', `export { testDb } from '@zoco/testing';`, 'imports'],
  ['services/orders/src/actions/g.ts', `export const url = process.env['URL'];`, 'properties'],
  ['services/orders/src/actions/h.ts', `export const { env } = process;`, 'properties'],
  ['services/orders/src/actions/i.ts', `export { env } from 'node:process';`, 'imports'],
  ['services/orders/src/main.ts', `export const url = process.env['URL'];`, 'properties'],
  ['services/orders/src/routes/a.ts', `export { onPaid } from '../consumers/on-paid.ts';`, 'imports'],
  ['services/orders/src/routes/b.ts', `export const url = process.env['URL'];`, 'properties'],
  ['services/orders/src/consumers/a.ts', `export { routes } from '../routes/orders.ts';`, 'imports'],
  ['services/orders/src/db/a.ts', `export { cancel } from '../actions/cancel.ts';`, 'imports'],
  ['services/orders/src/db/b.ts', raw('raw'), 'properties'],
  ['services/orders/src/db/c.ts', raw('identifier'), 'properties'],
  ['services/orders/src/config.ts', raw('raw'), 'properties'],
  ['services/orders/src/rules/u.ts', raw('raw'), 'properties'],
  ['services/orders/src/rules/u.test.ts', raw('raw'), 'properties'],
  ['services/orders/src/rules/v.test.ts', `export { users } from '@zoco/users';`, 'imports'],
  ['services/orders/src/app.ts', `console.log('x');`, 'no-console'],

  ['libs/kernel/src/a.ts', `export { event } from '@zoco/contracts';`, 'imports'],
  ['libs/kernel/src/b.ts', `export { pino } from 'pino';`, 'imports'],
  ['libs/contracts/src/a.ts', `export { transact } from '@zoco/postgres';`, 'imports'],
  ['libs/postgres/src/a.ts', `export { app } from '@zoco/service';`, 'imports'],
  ['libs/service/src/a.ts', `export { relay } from '@zoco/events';`, 'imports'],
  ['libs/service/src/b.ts', `export { relay } from '../../events/src/relay.ts';`, 'imports'],
  ['libs/service/src/c.ts', `export const url = process.env['URL'];`, 'properties'],
  ['libs/events/src/a.ts', `export { testDb } from '@zoco/testing';`, 'imports'],
  ['libs/events/src/b.ts', `console.log('x');`, 'no-console'],
  ['libs/cli/src/a.ts', `export { users } from '@zoco/users';`, 'imports'],
  ['libs/kernel/src/c.test.ts', `export { users } from '@zoco/users';`, 'imports'],

  ['services/orders/src/db/d.ts', `const f = async () => 1;\nf();`, 'no-floating-promises'],
  ['services/orders/src/db/e.ts', `export const f = (x: any) => x === 1;`, 'no-explicit-any'],
  ['services/orders/src/db/f.ts', `export const f = (x: number[]) => x[0]!;`, 'no-non-null-assertion'],
  [
    'services/orders/src/db/g.ts',
    `import { Stats } from 'node:fs';\nexport const f = (x: Stats) => x.size;`,
    'consistent-type-imports',
  ],
  [
    'services/orders/src/db/h.ts',
    `export const f = (xs: number[]) => { if (Promise.resolve(xs)) return 1; return 2; };`,
    'no-misused-promises',
  ],
  ['services/orders/src/db/i.ts', '// line\n'.repeat(301), 'max-lines'],
  ['services/orders/src/db/i.test.ts', '// line\n'.repeat(501), 'max-lines'],
  ['services/orders/src/db/j.ts', functionOf(61), 'max-lines-per-function'],
] as const;

/** What must stay possible: a rule that refuses these would be switched off within a week. */
const ALLOWED = [
  ['services/orders/src/rules/ok-a.ts', `export const at = (now: Date) => now.getTime() + Math.max(1, 2);`],
  ['services/orders/src/rules/ok-b.ts', `export { Problem } from '@zoco/kernel';`],
  ['services/orders/src/rules/ok-c.ts', `export { next } from './ok-a.ts';`],
  ['services/orders/src/rules/ok-d.test.ts', `export const now = new Date('2026-01-05T12:31:00Z');`],
  [
    'services/orders/src/actions/ok.ts',
    `export { lock } from '../db/orders.ts';\nexport const n = new Date();`,
  ],
  ['services/orders/src/actions/ok.test.ts', `export { testDb } from '@zoco/testing';`],
  ['services/orders/src/routes/ok.ts', `export { cancel } from '../actions/cancel.ts';`],
  ['services/users/src/config.ts', `export const url = process.env['URL'];`],
  ['services/orders/src/db/ok.ts', functionOf(60)],
  ['services/orders/src/db/ok-long.ts', '// line\n'.repeat(300)],
  ['services/orders/src/db/ok-long.test.ts', '// line\n'.repeat(500)],
  ['libs/events/src/ok.ts', `export { app } from '@zoco/service';\nexport { tx } from '@zoco/postgres';`],
  ['libs/postgres/src/ok.int.test.ts', `export { testDb } from '@zoco/testing';`],
  ['libs/service/src/config.ts', `export const url = process.env['URL'];`],
  ['libs/local/src/ok.ts', `console.log(process.env['URL']);`],
  ['scripts/ok.ts', `console.log(process.env['URL']);`],
] as const;

function raw(method: string): string {
  return `declare const sql: Record<string, (text: string) => string>;\nexport const x = sql.${method}('x');`;
}

function functionOf(lineCount: number): string {
  return `export function f(): number {\n${'  // line\n'.repeat(lineCount - 3)}  return 1;\n}\n`;
}

let dir: string;
let found: readonly Diagnostic[];

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'zoco-oxlint-'));
  for (const file of ['oxlint.config.ts', 'tsconfig.json', 'scripts/layout-scopes.ts']) {
    await cp(join(ROOT, file), join(dir, file));
  }
  await symlink(join(ROOT, 'node_modules'), join(dir, 'node_modules'));
  for (const [file, text] of [...REFUSED, ...ALLOWED]) {
    await mkdir(dirname(join(dir, file)), { recursive: true });
    await writeFile(join(dir, file), text);
  }
  found = await lint();
});

afterAll(() => rm(dir, { recursive: true, force: true }));

/** oxlint leaves with 1 when it finds something, which `execFile` calls an error: only its report counts. */
async function lint(): Promise<readonly Diagnostic[]> {
  const bin = join(ROOT, 'node_modules/oxlint/bin/oxlint');
  const stdout = await new Promise<string>((resolve) => {
    const args = [bin, '--format=json', 'services', 'libs', 'scripts'];
    execFile(process.execPath, args, { cwd: dir, maxBuffer: 64 * 1024 * 1024 }, (_error, out) =>
      resolve(out),
    );
  });
  const report: { diagnostics: Diagnostic[] } = JSON.parse(stdout);
  return report.diagnostics;
}

const foundIn = (file: string) => found.filter((diagnostic) => diagnostic.filename === file);

const RESTRICTED = ['imports', 'properties', 'globals'] as const;
const ruleName = (rule: string) => (RESTRICTED.some((r) => r === rule) ? `no-restricted-${rule}` : rule);

describe('the linter refuses', () => {
  test.each(REFUSED)('%s: %s', (file, _text, rule) => {
    expect(foundIn(file).map((diagnostic) => diagnostic.code)).toContainEqual(
      expect.stringMatching(new RegExp(`\\(${ruleName(rule)}\\)$`)),
    );
  });

  test.each([
    ['services/orders/src/rules/n.ts', 'Take `now: Date` as a parameter'],
    ['services/orders/src/rules/a.ts', 'rules/ is pure: pass values in'],
    ['services/orders/src/actions/a.ts', 'ask over HTTP or consume an event'],
    ['services/orders/src/main.ts', 'add the setting to its schema'],
    ['services/orders/src/db/b.ts', 'use placeholders'],
  ])('%s and says what to do instead', (file, wayOut) => {
    const said = foundIn(file).map(({ message, help }) => `${message} ${help}`);
    expect(said.join('\n')).toContain(wayOut);
  });
});

describe('the linter allows', () => {
  test.each(ALLOWED)('%s: %s', (file) => {
    const layout = /no-restricted-|no-console|max-lines/;
    expect(foundIn(file).filter((diagnostic) => layout.test(diagnostic.code))).toEqual([]);
  });
});
