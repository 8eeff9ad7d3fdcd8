import { expect, test } from 'vitest';
import { type Failure, summarize } from './test-summary.ts';

const STEPS = [
  { name: 'lint', ok: true, seconds: 1.24 },
  { name: 'tests', ok: false, seconds: 61 },
];
const CLEAN = { passed: 10, failed: 0, skipped: 0, failures: [] };

test('each step with its time, and the counts alone on the last line', () => {
  const lines = summarize(STEPS, { ...CLEAN, failed: 1, skipped: 2 }).split('\n');
  expect(lines).toContain('ok      lint                1.2 s');
  expect(lines).toContain('FAILED  tests              61.0 s');
  expect(lines.at(-1)).toBe('tests: 10 passed, 1 failed, 2 skipped');
  expect(summarize(STEPS, CLEAN)).toMatch(/ s\n\ntests: 10 passed, 0 failed$/);
  expect(summarize(STEPS, undefined)).not.toContain('passed');
});

test('what failed stands before the counts, ten at most', () => {
  const failures = Array.from({ length: 12 }, (_, index) => ({ where: `a.test.ts > ${index}`, error: 'no' }));
  expect(afterSteps(failures.slice(0, 1))).toEqual([
    'FAILED  a.test.ts > 0: no',
    '',
    'tests: 10 passed, 0 failed',
  ]);
  expect(afterSteps(failures.slice(0, 10)).slice(9, 11)).toEqual(['FAILED  a.test.ts > 9: no', '']);
  expect(afterSteps(failures).slice(9, 12)).toEqual(['FAILED  a.test.ts > 9: no', 'and 2 more', '']);
});

function afterSteps(failures: readonly Failure[]): string[] {
  return summarize(STEPS, { ...CLEAN, failures: [...failures] })
    .split('\n')
    .slice(5);
}
