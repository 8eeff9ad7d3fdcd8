import { writeFileSync } from 'node:fs';
import { stripVTControlCharacters } from 'node:util';
import type { SerializedError } from 'vitest';
import type { Reporter, TestModule, TestState } from 'vitest/node';
import { type Failure, REPORT_VARIABLE, type TestReport } from './test-summary.ts';

const ERROR_LENGTH_MAX = 200;
const DIED = { message: 'its process died' };

/**
 * What vitest tells `npm test`, in the file that the environment names. Vitest's own JSON report leaves out why a
 * `beforeAll` failed and which errors belong to no test.
 */
export default class TestReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], unhandledErrors: readonly SerializedError[]): void {
    const file = process.env[REPORT_VARIABLE];
    if (file !== undefined) writeFileSync(file, JSON.stringify(reportOf(modules, unhandledErrors)));
  }
}

function reportOf(modules: readonly TestModule[], unhandledErrors: readonly SerializedError[]): TestReport {
  const tests = modules.flatMap((module) => [...module.children.allTests()]);
  const count = (state: TestState) => tests.filter((test) => test.result().state === state).length;
  const [passed, failed] = [count('passed'), count('failed')];
  return {
    passed,
    failed,
    skipped: tests.length - passed - failed,
    failures: [
      ...modules.flatMap(failuresOf),
      ...unhandledErrors.map((error) => ({ where: 'outside of every test', error: oneLine(error) })),
    ],
  };
}

function failuresOf(module: TestModule): Failure[] {
  const file = module.relativeModuleId;
  return [
    ...firstOf(file, module.state() === 'pending' ? [DIED] : module.errors()),
    ...[...module.children.allSuites()].flatMap((suite) =>
      firstOf(`${file} > ${suite.fullName}`, suite.errors()),
    ),
    ...[...module.children.allTests('failed')].flatMap((test) =>
      firstOf(`${file} > ${test.fullName}`, test.result().errors ?? []),
    ),
  ];
}

function firstOf(where: string, errors: readonly SerializedError[]): Failure[] {
  return errors.slice(0, 1).map((error) => ({ where, error: oneLine(error) }));
}

function oneLine({ name, message }: SerializedError): string {
  const text = name === undefined || name === 'Error' ? message : `${name}: ${message}`;
  const [line = ''] = stripVTControlCharacters(text).trim().split('\n');
  return line.length > ERROR_LENGTH_MAX ? `${line.slice(0, ERROR_LENGTH_MAX)}…` : line;
}
