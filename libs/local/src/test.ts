import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { globSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { listenForStop } from './stop-signals.ts';
import { ROOT } from './repository.ts';
import {
  readTestReport,
  REPORT_VARIABLE,
  type StepResult,
  summarize,
  type TestReport,
} from './test-summary.ts';

// `npm test`: everything that decides whether the project is right, cheapest first, up to the first failure.
// `npm test -- <arguments>` hands the arguments to vitest and runs nothing else.

type Command = readonly [program: string, ...args: string[]];

const TURBO_QUIET = ['--ui=stream', '--output-logs=errors-only'];

const STATIC_STEPS: readonly (readonly [name: string, run: () => Promise<boolean>])[] = [
  ['format', () => execute(['oxfmt', '--check'])],
  ['lint', () => execute(['oxlint', '--type-aware', '--deny-warnings'])],
  ['boundaries', () => execute(['node', 'scripts/check-boundaries.ts'])],
  ['types', () => execute(['tsc'])],
  ['build', () => execute(['turbo', 'run', 'build', ...TURBO_QUIET])],
  ['generated files', checkGeneratedFiles],
];

// What `npm run generate` writes, but for the chart's part: that needs Helm, and the chart's tests look at it.
const GENERATE = ['turbo', 'run', 'generate', '--filter=!@zoco/chart-tests', ...TURBO_QUIET] as const;
const GENERATED = ['services/*/openapi.json', 'docs/**/*', 'charts/zoco/dashboards/*', 'charts/zoco/files/*'];

const BIN = join(ROOT, 'node_modules/.bin');
const { stop } = listenForStop();

async function main(vitestArgs: readonly string[]): Promise<boolean> {
  const all = vitestArgs.length === 0;
  using _fetch = all ? fetchKubernetesTools() : undefined;
  const results: StepResult[] = [];
  let report: TestReport | undefined;
  const tests = async () => {
    const ended = await runVitest(vitestArgs);
    report = ended.report;
    return ended.ok;
  };
  const steps = [...(all ? STATIC_STEPS : []), ['tests', tests] as const];
  for (const [name, run] of steps) {
    console.log(`\n── ${name}`);
    const startedMs = performance.now();
    const ok = (await run()) && !stop.aborted;
    results.push({ name, ok, seconds: (performance.now() - startedMs) / 1000 });
    if (!ok) break;
  }
  console.log(summarize(results, report));
  return results.every((result) => result.ok);
}

/** Fetches beside the first steps what the chart's tests need; they wait for it, and tell it when it failed. */
function fetchKubernetesTools(): Disposable {
  const child = spawn(join(BIN, 'node'), ['libs/testing/src/fetch-kubernetes-tools.ts'], {
    cwd: ROOT,
    stdio: 'ignore',
    detached: true,
  });
  child.once('error', () => {});
  return {
    [Symbol.dispose]() {
      // With all that it started.
      if (child.pid !== undefined && child.exitCode === null && child.signalCode === null)
        process.kill(-child.pid, 'SIGKILL');
    },
  };
}

/**
 * Runs a program of node_modules/.bin under the pinned Node. It gets a session of its own, so that Ctrl-C reaches it
 * once, through us, and not three times (vitest would give up on stopping its servers at the second).
 */
function execute([program, ...args]: Command, variables: NodeJS.ProcessEnv = {}): Promise<boolean> {
  const child = spawn(join(BIN, program), args, {
    cwd: ROOT,
    stdio: ['ignore', 'inherit', 'inherit'],
    env: {
      ...process.env,
      PATH: `${BIN}:${process.env['PATH'] ?? ''}`,
      TURBO_TELEMETRY_DISABLED: '1',
      ...variables,
    },
    detached: true,
  });
  const interrupt = () => child.kill('SIGINT');
  stop.addEventListener('abort', interrupt);
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => {
      stop.removeEventListener('abort', interrupt);
      resolve(code === 0);
    });
  });
}

async function runVitest(args: readonly string[]): Promise<{ ok: boolean; report: TestReport | undefined }> {
  const folder = mkdtempSync(join(tmpdir(), 'zoco-report-'));
  const file = join(folder, 'report.json');
  try {
    const reporters = ['--reporter=default', '--reporter=./libs/local/src/test-reporter.ts'];
    const ok = await execute(['vitest', 'run', ...reporters, ...args], { [REPORT_VARIABLE]: file });
    return { ok, report: readTestReport(file) };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Generated files are committed; writing them again has to change nothing. */
async function checkGeneratedFiles(): Promise<boolean> {
  const before = digests();
  if (!(await execute(GENERATE))) return false;
  const after = digests();
  const stale = [...after].filter(([file, digest]) => before.get(file) !== digest).map(([file]) => file);
  if (stale.length === 0) return true;
  console.error(`These files were out of date and have been written anew: look at them and commit them.`);
  for (const file of stale) console.error(`  ${file}`);
  return false;
}

function digests(): Map<string, string> {
  const files = globSync(GENERATED, { cwd: ROOT }).filter((file) => statSync(join(ROOT, file)).isFile());
  return new Map(
    files.map((file) => [
      file,
      createHash('sha256')
        .update(readFileSync(join(ROOT, file)))
        .digest('hex'),
    ]),
  );
}

process.exitCode = (await main(process.argv.slice(2))) ? 0 : 1;
