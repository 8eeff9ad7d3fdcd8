import { expect, test } from 'vitest';
import { isSource } from './watch.ts';

test.each([
  ['catalog/src/main.ts', true],
  ['catalog/src/rules/price.ts', true],
  ['catalog/migrations/0001_more.sql', true],
  ['catalog/package.json', true],
  ['catalog/src/rules/price.test.ts', false],
  ['catalog/dist/main.js', false],
  ['catalog/dist/src/main.ts', false],
  ['catalog/node_modules/x/src/index.ts', false],
  ['catalog/.turbo/turbo-build.log', false],
  ['catalog/README.md', false],
])('a change of %s is one of the source: %s', (path, expected) => {
  expect(isSource(path)).toBe(expected);
});
