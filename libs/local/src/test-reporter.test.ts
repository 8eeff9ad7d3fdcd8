import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { ROOT } from './repository.ts';
import { readTestReport, REPORT_VARIABLE } from './test-summary.ts';

const dir = mkdtempSync(join(tmpdir(), 'zoco-reporter-'));
afterAll(() => rmSync(dir, { recursive: true }));

test('vitest tells of every way to fail, in one line each', () => {
  writeFileSync(
    join(dir, 'a.test.js'),
    `test('passes', () => {});
     test.skip('is left out', () => {});
     test('differs', () => expect({ cents: 1 }).toEqual({ cents: 2 }));
     describe('money', () => {
       beforeAll(() => { throw new Error('no server\\nat all'); });
       test('is kept', () => {});
     });
     test('leaves a promise', () => { void Promise.reject(new TypeError('nobody looks')); });`,
  );
  writeFileSync(join(dir, 'b.test.js'), `import './nothing.js';`);
  writeFileSync(join(dir, 'c.test.js'), `test('dies', () => process.kill(process.pid, 'SIGKILL'));`);
  const report = runVitest();
  expect(report).toMatchObject({ passed: 2, failed: 1, skipped: 3 });
  expect(report?.failures.map(({ where, error }) => `${where}: ${error}`).toSorted()).toEqual([
    expect.stringMatching(/^a.test.js > differs: AssertionError: expected .*$/),
    'a.test.js > money: no server',
    expect.stringMatching(/^b.test.js: .*nothing.js/),
    'c.test.js: its process died',
    'outside of every test: TypeError: nobody looks',
    expect.stringMatching(/^outside of every test: .*Worker/),
  ]);
});

test('there is no report of a run that never began', () => {
  expect(readTestReport(join(dir, 'none.json'))).toBeUndefined();
  writeFileSync(join(dir, 'torn.json'), '{"passed":3');
  expect(readTestReport(join(dir, 'torn.json'))).toBeUndefined();
});

function runVitest() {
  const file = join(dir, 'report.json');
  const reporter = join(ROOT, 'libs/local/src/test-reporter.ts');
  spawnSync(
    join(ROOT, 'node_modules/.bin/vitest'),
    ['run', '--globals', `--root=${dir}`, `--reporter=${reporter}`],
    {
      env: { ...process.env, [REPORT_VARIABLE]: file },
    },
  );
  return readTestReport(file);
}
