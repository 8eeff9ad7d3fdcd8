import { readFileSync } from 'node:fs';
import { z } from 'zod';

export interface StepResult {
  readonly name: string;
  readonly ok: boolean;
  readonly seconds: number;
}

export interface TestCounts {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

// The parts of vitest's JSON report (Jest's format) that are counted.
const Report = z.object({
  numPassedTests: z.int(),
  numFailedTests: z.int(),
  numPendingTests: z.int(),
  numTodoTests: z.int().default(0),
});

/** The counts in vitest's JSON report, or undefined when it got no further than its own start. */
export function testCounts(reportFile: string): TestCounts | undefined {
  try {
    const report = Report.parse(JSON.parse(readFileSync(reportFile, 'utf8')));
    return {
      passed: report.numPassedTests,
      failed: report.numFailedTests,
      skipped: report.numPendingTests + report.numTodoTests,
    };
  } catch {
    return undefined;
  }
}

/** The last lines of `npm test`: each step with its time, then the counts in one line that tools can read. */
export function summarize(results: readonly StepResult[], counts: TestCounts | undefined): string {
  const lines = results.map(
    ({ name, ok, seconds }) =>
      `${ok ? 'ok    ' : 'FAILED'}  ${name.padEnd(16)} ${seconds.toFixed(1).padStart(6)} s`,
  );
  const skipped = counts === undefined || counts.skipped === 0 ? '' : `, ${counts.skipped} skipped`;
  const total =
    counts === undefined ? [] : [`tests: ${counts.passed} passed, ${counts.failed} failed${skipped}`];
  return ['', '── summary', ...lines, '', ...total].join('\n');
}
