import { readFileSync } from 'node:fs';
import { z } from 'zod';

export interface StepResult {
  readonly name: string;
  readonly ok: boolean;
  readonly seconds: number;
}

const Failure = z.object({
  /** File and full name of the test or group; the file alone when it could not be run. */
  where: z.string(),
  /** First line of the error. */
  error: z.string(),
});
export type Failure = z.infer<typeof Failure>;

const TestReport = z.object({
  passed: z.int(),
  failed: z.int(),
  skipped: z.int(),
  failures: z.array(Failure),
});
/** What a run of vitest came to. */
export type TestReport = z.infer<typeof TestReport>;

/** Environment variable with the path of the file that the reporter writes. */
export const REPORT_VARIABLE = 'ZOCO_TEST_REPORT';

const FAILURES_SHOWN_MAX = 10;

/** The report in that file, or undefined when vitest got no further than its own start. */
export function readTestReport(file: string): TestReport | undefined {
  try {
    return TestReport.parse(JSON.parse(readFileSync(file, 'utf8')));
  } catch {
    return undefined;
  }
}

/**
 * The last lines of `npm test`: each step with its time, what failed, then the counts in one line that tools can read.
 * Often only the end of a log is shown, so a failure takes one line, and there are not many of them.
 */
export function summarize(results: readonly StepResult[], report: TestReport | undefined): string {
  const steps = results.map(
    ({ name, ok, seconds }) =>
      `${ok ? 'ok    ' : 'FAILED'}  ${name.padEnd(16)} ${seconds.toFixed(1).padStart(6)} s`,
  );
  const tests = report === undefined ? [] : [...failureLines(report.failures), countsLine(report)];
  return ['', '── summary', ...steps, '', ...tests].join('\n');
}

function failureLines(failures: readonly Failure[]): string[] {
  if (failures.length === 0) return [];
  const lines = failures.slice(0, FAILURES_SHOWN_MAX).map(({ where, error }) => `FAILED  ${where}: ${error}`);
  const more = failures.length - lines.length;
  return [...lines, ...(more > 0 ? [`and ${more} more`] : []), ''];
}

function countsLine({ passed, failed, skipped }: TestReport): string {
  return `tests: ${passed} passed, ${failed} failed${skipped === 0 ? '' : `, ${skipped} skipped`}`;
}
