import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { type DebianProgram, obtainProgram } from './debian-program.ts';
import { PROCESS_END } from './process-ledger.ts';
import { describeExit, logTail, type ServerProcess, spawnServer } from './server-process.ts';
import { SetupError } from './setup-error.ts';

export interface ScrapeTarget {
  readonly service: string;
  /** Base address of its admin port. */
  readonly adminUrl: string;
}

export interface PrometheusOptions {
  /** Configuration, data and log lie here. */
  readonly dir: string;
  readonly port: number;
  readonly targets: readonly ScrapeTarget[];
  /** Files with rules; patterns are allowed. */
  readonly ruleFiles: readonly string[];
  /** Default 5 s. */
  readonly scrapeIntervalMs?: number;
  readonly logFile?: string;
  /** Told the pid at once, before the server is ready. */
  readonly onSpawn?: (pid: number) => void;
  readonly onLine?: (line: string) => void;
}

export interface PrometheusServer extends ServerProcess {
  readonly url: string;
  readonly port: number;
}

const CURE =
  'install it (Debian, Ubuntu: `sudo apt-get install prometheus`; elsewhere: https://prometheus.io/download), or start without --observe.';
const PROMETHEUS = program('prometheus');
const PROMTOOL = program('promtool');

const START_TIMEOUT_MS = 30_000;
const SCRAPE_INTERVAL_MS = 5_000;

/**
 * Starts Prometheus on loopback with exemplars kept, and waits until it is ready. Its series carry the labels that they
 * have in a cluster: `job="zoco"`, `namespace` (here `local`) and `service`.
 * @throws SetupError when there is no Prometheus, and for whatever it says itself
 */
export async function startPrometheus(options: PrometheusOptions): Promise<PrometheusServer> {
  const { dir, port } = options;
  const file = obtainProgram(PROMETHEUS, options.onLine);
  mkdirSync(dir, { recursive: true });
  const configFile = join(dir, 'prometheus.yml');
  writeFileSync(configFile, prometheusConfig(options));
  const logFile = options.logFile ?? join(dir, 'prometheus.log');
  const server = await spawnServer({
    file,
    args: [
      `--config.file=${configFile}`,
      `--storage.tsdb.path=${join(dir, 'data')}`,
      '--storage.tsdb.retention.time=2d',
      `--web.listen-address=127.0.0.1:${port}`,
      '--enable-feature=exemplar-storage',
    ],
    env: {},
    logFile,
    end: PROCESS_END,
  });
  options.onSpawn?.(server.pid);
  const url = `http://127.0.0.1:${port}`;
  const fault = await untilReady(server, url, logFile);
  if (fault !== undefined) {
    await server.stop();
    throw new SetupError(`Prometheus did not start: ${fault} (its log: ${logFile})`);
  }
  return { ...server, url, port };
}

/**
 * The program that checks and tests rules, from the same package.
 * @throws SetupError when it cannot be had
 */
export function promtool(onLine?: (line: string) => void): string {
  return obtainProgram(PROMTOOL, onLine);
}

/** The configuration; JSON is YAML too. */
export function prometheusConfig({
  targets,
  ruleFiles,
  scrapeIntervalMs = SCRAPE_INTERVAL_MS,
}: Pick<PrometheusOptions, 'targets' | 'ruleFiles' | 'scrapeIntervalMs'>): string {
  const interval = `${scrapeIntervalMs}ms`;
  const config = {
    global: { scrape_interval: interval, scrape_timeout: interval, evaluation_interval: interval },
    rule_files: ruleFiles,
    scrape_configs: [
      {
        job_name: 'zoco',
        honor_labels: true,
        static_configs: targets.map(({ service, adminUrl }) => ({
          targets: [new URL(adminUrl).host],
          labels: { service, namespace: 'local' },
        })),
      },
    ],
  };
  return `${JSON.stringify(config, null, 2)}\n`;
}

async function untilReady(server: ServerProcess, url: string, logFile: string): Promise<string | undefined> {
  let ended: string | undefined;
  void server.exited.then((exit) => (ended = describeExit(exit)));
  const until = performance.now() + START_TIMEOUT_MS;
  while (performance.now() < until) {
    if (ended !== undefined) return errorLine(logFile) ?? ended;
    try {
      const answer = await fetch(`${url}/-/ready`, { signal: AbortSignal.timeout(1_000) });
      await answer.body?.cancel();
      if (answer.ok) return undefined;
    } catch {
      // not listening yet
    }
    await delay(50);
  }
  return `not ready after ${START_TIMEOUT_MS / 1000} s`;
}

function errorLine(logFile: string): string | undefined {
  const line = logTail(logFile).findLast((text) => /level=error|^prometheus:|error/i.test(text));
  return line?.replace(/^.*?\berr="?/, '').replace(/"$/, '');
}

function program(name: string): DebianProgram {
  return { name, debianPackage: 'prometheus', packedFile: `usr/bin/${name}`, cure: CURE };
}
