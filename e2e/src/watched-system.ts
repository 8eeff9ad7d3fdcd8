import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { run } from '@zoco/cli';
import {
  freePorts,
  readSystemFile,
  ROOT,
  type RunningSystem,
  type ScrapeTarget,
  startPrometheus,
  startSystem,
} from '@zoco/local';
import { createPrometheusClient, type PrometheusClient } from '@zoco/observe';
import { eventually } from '@zoco/testing';
import { expect } from 'vitest';
import { type Api, createApi } from './api.ts';
import { writeQuickRules } from './quick-rules.ts';

/** A running system, and beside it a Prometheus that looks every second and has the chart's rules with short windows. */
export interface WatchedSystem extends AsyncDisposable {
  readonly system: RunningSystem;
  readonly prometheus: PrometheusClient;
  readonly api: Api;
  /** When Prometheus had reached everything. */
  readonly startSeconds: number;
  /** Names of the alerts that fire now. */
  firing(): Promise<string[]>;
  /** Resolves when the alert fires, and the doctor says what it is about and names a runbook that begins with the doctor. */
  expectFires(alertname: string, words: RegExp): Promise<void>;
}

export interface WatchedSystemOptions {
  /** Whether the system has its own Prometheus and trace view too, as `npm start -- --observe` has. */
  readonly observe?: boolean;
  /** What Prometheus looks at besides the services of the system. */
  readonly moreTargets?: (system: RunningSystem) => Promise<readonly ScrapeTarget[]>;
}

export async function startWatchedSystem(options: WatchedSystemOptions = {}): Promise<WatchedSystem> {
  await using cleanup = new AsyncDisposableStack();
  const dir = mkdtempSync(join(tmpdir(), 'zoco-watched-'));
  cleanup.defer(() => rmSync(dir, { recursive: true, force: true }));
  const system = await startSystem({
    freePorts: true,
    seed: true,
    build: false,
    observe: options.observe ?? false,
    readyTimeoutMs: 60_000,
    env: { ORDERS_LEASE_SECONDS: '2' },
  });
  cleanup.defer(() => system.stop());
  const own = system.services.map((service) => ({ service, adminUrl: system.adminUrls[service] }));
  const targets = [...own, ...((await options.moreTargets?.(system)) ?? [])];
  const [port = 0] = await freePorts(1);
  const ruleFiles = [writeQuickRules(dir)];
  const server = await startPrometheus({ dir, port, targets, ruleFiles, scrapeIntervalMs: 1000 });
  cleanup.defer(() => server.stop());
  const prometheus = createPrometheusClient(server.url);
  // Prometheus takes some seconds to begin.
  await until(async () => ((await prometheus.query('up == 1')).length === targets.length ? true : undefined));
  const running = cleanup.move();
  return {
    system,
    prometheus,
    api: createApi(system.urls.gateway),
    startSeconds: Date.now() / 1000,
    firing: () => namesOfFiring(prometheus),
    expectFires: (alertname, words) => expectFires(prometheus, system, alertname, words),
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  };
}

const LIMIT_MS = 45_000;

/** Looks again and again until there is something. @throws Error after 45 seconds, with what `describe` says then */
export async function until<T>(
  look: () => Promise<T | undefined>,
  describe: () => Promise<string> = () => Promise.resolve('nothing came'),
): Promise<T> {
  const endMs = performance.now() + LIMIT_MS;
  for (;;) {
    const found = await look();
    if (found !== undefined) return found;
    if (performance.now() > endMs) throw new Error(await describe());
    await delay(200);
  }
}

async function namesOfFiring(prometheus: PrometheusClient): Promise<string[]> {
  const firing = (await prometheus.alerts()).filter(({ state }) => state === 'firing');
  return firing.map(({ labels }) => labels['alertname'] ?? '');
}

async function expectFires(
  prometheus: PrometheusClient,
  system: RunningSystem,
  alertname: string,
  words: RegExp,
): Promise<void> {
  const alert = await until(
    async () =>
      (await prometheus.alerts()).find(
        ({ labels, state }) => labels['alertname'] === alertname && state === 'firing',
      ),
    async () => `${alertname} does not fire; firing are ${(await namesOfFiring(prometheus)).join(', ')}`,
  );
  const runbook = alert.annotations['runbook_url'] ?? '';
  await eventually(async () => {
    const said = await askDoctor(prometheus, system);
    expect(said).toContain(runbook);
    expect(said).toMatch(words);
  });
  expect(readFileSync(join(ROOT, runbook), 'utf8')).toMatch(/^## Check[^]*\nzoco doctor/m);
}

async function askDoctor(prometheus: PrometheusClient, system: RunningSystem): Promise<string> {
  const lines: string[] = [];
  await run(['doctor'], {
    surroundings: {
      env: { PROMETHEUS_URL: prometheus.url },
      system: readSystemFile(system.dir),
      folder: system.dir,
    },
    terminal: {
      out: (line) => void lines.push(line),
      note: (line) => void lines.push(line),
      interactive: false,
    },
    signal: AbortSignal.timeout(30_000),
  });
  return lines.join('\n');
}
