import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { promtool } from '@zoco/local';
import { createPrometheusClient } from '@zoco/observe';
import { eventually } from '@zoco/testing';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { z } from 'zod';
import { blindQueries, dashboardQueries, metricsIn, withoutFallback } from '../src/dashboard-queries.ts';
import { alertRules } from '../src/quick-rules.ts';
import { keep, makeTraffic } from '../src/traffic.ts';
import { startWatchedSystem, type WatchedSystem } from '../src/watched-system.ts';

// An ordinary day: whatever a panel asks for or an alert looks at has to be there.

let watched: WatchedSystem;

beforeAll(async () => {
  watched = await startWatchedSystem({ observe: true });
  for (let round = 0; round < 6; round += 1) await makeTraffic(watched.api);
});
afterAll(() => watched?.[Symbol.asyncDispose]());

test('npm start --observe: Prometheus reaches every service, and the view has their traces', async () => {
  const { system, api } = watched;
  const { prometheusUrl = '', tracesUrl = '' } = system.observation ?? {};
  const own = createPrometheusClient(prometheusUrl);
  await eventually(async () => {
    const up = await own.query('up{job="zoco"} == 1');
    expect(new Set(up.map(({ labels }) => labels['service']))).toEqual(new Set(system.services));
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
    const page = await (await fetch(`${watched.system.adminUrls[service]}/metrics`)).text();
    const tool = spawn(promtool(), ['check', 'metrics'], { stdio: ['pipe', 'ignore', 'pipe'] });
    tool.stdin.end(page);
    const said: string[] = [];
    tool.stderr.on('data', (chunk: Buffer) => said.push(chunk.toString()));
    const [code] = await once(tool, 'close');
    expect(
      said
        .join('')
        .split('\n')
        .filter((line) => !OF_OTHERS.test(line))
        .join('\n'),
    ).toBe('');
    expect([0, 3]).toContain(code);
  },
);

// What prom-client and Node call their own metrics.
const OF_OTHERS = /^(nodejs_|process_|$)/;

test('on an ordinary day no alert fires', async () => {
  const { prometheus, api, firing } = watched;
  await eventually(async () =>
    expect(await prometheus.query('zoco:checkout_failure_ratio:5m')).not.toEqual([]),
  );
  // A moment's trouble of a busy machine passes; what the day itself brings about stays for as long as the day goes on.
  await using _day = keep(() => makeTraffic(api));
  await eventually(async () => {
    // How quick a busy machine is says nothing about the rules.
    expect((await firing()).filter((name) => !name.startsWith('CheckoutSlow'))).toEqual([]);
  });
});

const SHOWN_WITHIN_MS = 30_000;

test('every panel of every dashboard shows something', { timeout: 120_000 }, async () => {
  const { system, prometheus, api, startSeconds } = watched;
  let blind = await blindQueries(prometheus, dashboardQueries(system.services, '10s', '5m'), startSeconds);
  // A rate needs two looks at a series, and on a busy machine Prometheus does not get to look every second.
  const endMs = performance.now() + SHOWN_WITHIN_MS;
  while (blind.length > 0 && performance.now() < endMs) {
    await makeTraffic(api);
    blind = await blindQueries(prometheus, blind, startSeconds);
  }
  expect(blind.map(({ name, expr }) => `${name}: ${expr}`)).toEqual([]);
});

test('what stands in for nothing does so when nothing happens any more, too', async () => {
  const { system, prometheus } = watched;
  const queries = dashboardQueries(system.services, '3s', '3s').filter(
    ({ expr }) => expr !== withoutFallback(expr),
  );
  const faults: string[] = [];
  for (const { name, expr } of queries) {
    const values = (await prometheus.query(expr)).flatMap(({ points }) => points.map(([, value]) => value));
    if (values.length === 0 || !values.every(Number.isFinite)) faults.push(`${name}: ${values.join(', ')}`);
  }
  expect(faults).toEqual([]);
});

test('dashboards and alerts ask for metrics that exist', async () => {
  const recorded = new Set(alertRules().flatMap(({ record }) => record ?? []));
  const asked = [
    ...dashboardQueries(['orders'], '10s', '5m').map(({ expr }) => expr),
    ...alertRules().map(({ expr }) => expr),
  ];
  const names = [...new Set(asked.flatMap(metricsIn))].filter(
    (name) => !recorded.has(name) && !FOREIGN.has(name),
  );
  await eventually(async () => {
    const described = await watched.prometheus.metricNames();
    const isKnown = (name: string) =>
      [name, name.replace(/_(bucket|sum|count|total)$/, '')].some((one) => described.has(one));
    expect(names.filter((name) => !isKnown(name))).toEqual([]);
  });
});

// Of Prometheus itself, of cert-manager and of Linkerd.
const FOREIGN = new Set([
  'up',
  'ALERTS',
  'certmanager_certificate_expiration_timestamp_seconds',
  'identity_cert_expiration_timestamp_seconds',
]);

test('every alert expression evaluates', async () => {
  for (const { expr } of alertRules())
    await expect(watched.prometheus.query(expr), expr).resolves.toBeInstanceOf(Array);
});
