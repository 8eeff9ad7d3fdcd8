import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { CALLS, type InternalCall, SERVICE_NAMES } from '@zoco/contracts';
import { ROOT } from '@zoco/local';
import { describe, expect, test } from 'vitest';

/** Source of a workspace without its tests. */
function sourceOf(workspace: string): string {
  const files = globSync('src/**/*.ts', { cwd: join(ROOT, workspace) });
  return files
    .filter((file) => !file.endsWith('.test.ts'))
    .map((file) => readFileSync(join(ROOT, workspace, file), 'utf8'))
    .join('\n');
}

const namesIn = (source: string, use: RegExp) =>
  new Set([...source.matchAll(use)].map(([, name = '']) => name));
const called = (source: string) => namesIn(source, /\bcall\(\s*'(\w+)'/g);
// Asked for by a library, on behalf of every service that opens it.
const shared = called(sourceOf('libs/service'));
const calls: [string, InternalCall][] = Object.entries(CALLS);

describe.each(SERVICE_NAMES.map((name) => [name]))('the code of %s', (service) => {
  const source = sourceOf(`services/${service}`);

  test('makes the calls that the graph gives it, and no other', () => {
    const made = new Set([...called(source), ...(service === 'users' ? [] : shared)]);
    const given = calls.filter(([, { callers }]) => callers.includes(service)).map(([name]) => name);
    expect([...made].toSorted()).toEqual(given.toSorted());
  });

  test('answers the calls that the graph brings to it, and no other', () => {
    const answered = namesIn(source, /\binternal\(\s*'(\w+)'/g);
    const brought = calls.filter(([, { callee }]) => callee === service).map(([name]) => name);
    expect([...answered].toSorted()).toEqual(brought.toSorted());
  });
});

test('libraries call what every service may', () => {
  expect([...shared].toSorted()).toEqual(['getTenant', 'listTenants']);
});
