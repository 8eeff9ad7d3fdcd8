import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  freePorts,
  type PrometheusServer,
  promtool,
  type RunningSystem,
  startPrometheus,
  startSystem,
} from '@zoco/local';
import { createPrometheusClient, type PrometheusClient } from '@zoco/observe';
import { eventually } from '@zoco/testing';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { z } from 'zod';
import { type Api, createApi } from '../src/api.ts';
import { dashboardQueries, metricsIn, withoutFallback } from '../src/dashboard-queries.ts';
import { writeQuickRules } from '../src/quick-rules.ts';
import { makeTraffic } from '../src/traffic.ts';

// Prometheus beside a running system: whatever a panel asks for or an alert looks at has to be there.

let system: RunningSystem;
let prometheus: PrometheusServer;
let client: PrometheusClient;
let api: Api;
let startSeconds: number;
const dir = mkdtempSync(join(tmpdir(), 'zoco-observability-'));

beforeAll(async () => {
  system = await startSystem({
    freePorts: true,
    seed: true,
    build: false,
    observe: true,
    readyTimeoutMs: 60_000,
    env: { ORDERS_LEASE_SECONDS: '2' },
  });
  const [port = 0] = await freePorts(1);
  prometheus = await startPrometheus({
    dir,
    port,
    targets: system.services.map((service) => ({ service, adminUrl: system.adminUrls[service] })),
    ruleFiles: [writeQuickRules(dir)],
    scrapeIntervalMs: 1000,
  });
  client = createPrometheusClient(prometheus.url);
  api = createApi(system.urls.gateway);
  startSeconds = Date.now() / 1000;
  for (let round = 0; round < 6; round += 1) await makeTraffic(api);
});
afterAll(async () => {
  await prometheus?.stop();
  await system?.stop();
  rmSync(dir, { recursive: true, force: true });
});

const firing = async () =>
  (await client.alerts()).filter(({ state }) => state === 'firing').map(({ labels }) => labels['alertname']);

test('npm start --observe: Prometheus reaches every service, and the view has their traces', async () => {
  const { prometheusUrl = '', tracesUrl = '' } = system.observation ?? {};
  const own = createPrometheusClient(prometheusUrl);
  await eventually(async () => {
    const up = await own.query('up{job="zoco"} == 1');
    expect(up.map(({ labels }) => labels['service']).toSorted()).toEqual([...system.services].toSorted());
  });
  const answer = await api.request('GET', '/orders/ord_none', { token: await api.demo('libros', 'buyer') });
  const { trace_id: traceId } = z.object({ trace_id: z.string() }).parse(answer.body);
  // Spans leave in batches, every few seconds.
  await eventually(async () => {
    const page = await fetch(`${tracesUrl}/trace/${traceId}`);
    const text = await page.text();
    expect(page.status).toBe(200);
    for (const service of ['gateway', 'orders']) expect(text).toContain(`>${service}</span>`);
  });
});

test.each(['gateway', 'users', 'catalog', 'cart', 'orders', 'payments', 'invoicing'] as const)(
  'promtool finds nothing to say about the metrics of %s',
  async (service) => {
    const page = await (await fetch(`${system.adminUrls[service]}/metrics`)).text();
    const tool = spawn(promtool(), ['check', 'metrics'], { stdio: ['pipe', 'ignore', 'pipe'] });
    tool.stdin.end(page);
    const said: string[] = [];
    tool.stderr.on('data', (chunk: Buffer) => said.push(chunk.toString()));
    const [code] = await once(tool, 'close');
    expect(said.join('').split('\n').filter((line) => !OF_OTHERS.test(line)).join('\n')).toBe('');
    expect([0, 3]).toContain(code);
  },
);

// What prom-client and Node call their own metrics.
const OF_OTHERS = /^(nodejs_|process_|$)/;

test('on an ordinary day no alert fires', async () => {
  await eventually(async () => expect(await client.query('zoco:checkout_failure_ratio:5m')).not.toEqual([]));
  expect(await firing()).toEqual([]);
});

test('every panel of every dashboard shows something', async () => {
  const endSeconds = Date.now() / 1000;
  const blind: string[] = [];
  for (const { name, expr, instant } of dashboardQueries(system.services, '10s', '5m')) {
    const series = instant
      ? await client.query(expr)
      : await client.queryRange(expr, { startSeconds, endSeconds, stepSeconds: 1 });
    if (!series.some(({ points }) => points.some(([, value]) => Number.isFinite(value)))) {
      blind.push(`${name}: ${expr}`);
    }
  }
  expect(blind).toEqual([]);
});
