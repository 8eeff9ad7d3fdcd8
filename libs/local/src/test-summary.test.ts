import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { summarize, testCounts } from './test-summary.ts';

test('each step with its time, and the counts alone on the last line', () => {
  const steps = [
    { name: 'lint', ok: true, seconds: 1.24 },
    { name: 'tests', ok: false, seconds: 61 },
  ];
  const lines = summarize(steps, { passed: 10, failed: 1, skipped: 2 }).split('\n');
  expect(lines).toContain('ok      lint                1.2 s');
  expect(lines).toContain('FAILED  tests              61.0 s');
  expect(lines.at(-1)).toBe('tests: 10 passed, 1 failed, 2 skipped');
  expect(summarize(steps, { passed: 10, failed: 0, skipped: 0 })).toMatch(/\ntests: 10 passed, 0 failed$/);
  expect(summarize(steps, undefined)).not.toContain('passed');
});

test("counts come from vitest's report; without one there are none", () => {
  const dir = mkdtempSync(join(tmpdir(), 'zoco-summary-'));
  const file = join(dir, 'report.json');
  try {
    expect(testCounts(file)).toBeUndefined();
    writeFileSync(file, '{"numPassedTests":3,"numFailedTests":1,"numPendingTests":2,"numTodoTests":1}');
    expect(testCounts(file)).toEqual({ passed: 3, failed: 1, skipped: 3 });
    writeFileSync(file, '{"numPassedTests":');
    expect(testCounts(file)).toBeUndefined();
  } finally {
    rmSync(dir, { recursive: true });
  }
});
