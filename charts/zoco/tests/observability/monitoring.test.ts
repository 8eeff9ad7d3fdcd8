import { execFile } from 'node:child_process';
import { globSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { promisify } from 'node:util';
import { PrometheusRule } from '@kubernetes-models/prometheus-operator/monitoring.coreos.com/v1/PrometheusRule';
import { ServiceMonitor } from '@kubernetes-models/prometheus-operator/monitoring.coreos.com/v1/ServiceMonitor';
import { promtool } from '@zoco/local';
import { expect, test } from 'vitest';
import { parse, stringify } from 'yaml';
import { z } from 'zod';
import { CHART, find, ofKind, render } from '../render.ts';

const run = promisify(execFile);
const RULES = globSync('alerts/*.yaml', { cwd: CHART });
const BOARDS = globSync('dashboards/*.json', { cwd: CHART });

const ON = ['monitoring.rules.enabled=true', 'monitoring.dashboards.enabled=true'];
const RuleFile = z.object({
  groups: z.array(
    z.object({
      name: z.string(),
      rules: z.array(
        z.object({
          alert: z.string().optional(),
          labels: z.record(z.string(), z.string()).default({}),
          annotations: z.record(z.string(), z.string()).default({}),
        }),
      ),
    }),
  ),
});
const alerts = RULES.flatMap((file) =>
  RuleFile.parse(parse(readFileSync(join(CHART, file), 'utf8'))).groups.flatMap(({ rules }) =>
    rules.filter(({ alert }) => alert !== undefined),
  ),
);

test('nothing of it is there unless asked for', async () => {
  const objects = await render();
  expect(ofKind(objects, 'PrometheusRule')).toEqual([]);
  expect(objects.filter(({ metadata }) => metadata.name.includes('dashboard'))).toEqual([]);
});

test('promtool takes the rules, and their unit tests pass', async () => {
  const tool = promtool();
  const inAlerts = { cwd: join(CHART, 'alerts') };
  await run(tool, ['check', 'rules', ...RULES.map((file) => basename(file))], inAlerts);
  const tests = globSync('tests/*.test.yaml', inAlerts);
  expect(tests).toHaveLength(RULES.length);
  await run(tool, ['test', 'rules', ...tests], inAlerts);
});

test('each alert has a severity, words, a runbook that exists, and a unit test', () => {
  const units = globSync('alerts/tests/*.yaml', { cwd: CHART })
    .map((file) => readFileSync(join(CHART, file), 'utf8'))
    .join();
  expect(alerts.length).toBeGreaterThan(20);
  for (const { alert, labels, annotations } of alerts) {
    expect(labels['severity'], alert).toMatch(/^(critical|warning)$/);
    expect(annotations['summary'], alert).toBeTruthy();
    expect(annotations['description'], alert).toBeTruthy();
    const runbook = join(CHART, '../..', annotations['runbook_url'] ?? 'none');
    expect(() => readFileSync(runbook), `${alert}: ${runbook}`).not.toThrow();
    expect(units, alert).toContain(`alertname: ${alert}\n`);
  }
});

test('rules reach the operator whole, with runbooks that can be clicked', async () => {
  const sets = [
    ...ON,
    'monitoring.rules.runbookBaseUrl=https://git.example/',
    'monitoring.rules.labels.release=prom',
  ];
  const rules = ofKind(await render([], sets), 'PrometheusRule');
  expect(rules).toHaveLength(RULES.length);
  const folder = mkdtempSync(join(tmpdir(), 'zoco-rules-'));
  try {
    for (const rule of rules) {
      expect(rule.metadata.labels['release']).toBe('prom');
      // The schema knows what the operator would refuse.
      new PrometheusRule(z.custom<ConstructorParameters<typeof PrometheusRule>[0]>().parse(rule)).validate();
      const source = readFileSync(
        join(CHART, 'alerts', `${rule.metadata.name.replace('zoco-', '')}.yaml`),
        'utf8',
      );
      const expected = source.replaceAll('runbook_url: docs/', 'runbook_url: https://git.example/docs/');
      expect(rule['spec']).toEqual(parse(expected));
      writeFileSync(join(folder, `${rule.metadata.name}.yaml`), stringify(rule['spec']));
    }
    await run(promtool(), ['check', 'rules', ...globSync(join(folder, '*'))]);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('without the operator the same rules come as files', async () => {
  const objects = await render(
    [],
    [...ON, 'monitoring.rules.as=ConfigMap', 'monitoring.rules.labels.rules=yes'],
  );
  expect(ofKind(objects, 'PrometheusRule')).toEqual([]);
  const { data } = z
    .object({ data: z.record(z.string(), z.string()) })
    .parse(find(objects, 'ConfigMap', 'zoco-money-rules'));
  expect(parse(data['zoco-money.yaml'] ?? '')).toEqual(
    parse(readFileSync(join(CHART, 'alerts/money.yaml'), 'utf8')),
  );
});

test('each dashboard is a ConfigMap that the sidecar finds, below the size that Kubernetes takes', async () => {
  const objects = await render([], ON);
  for (const file of BOARDS) {
    const name = basename(file, '.json');
    const found = find(objects, 'ConfigMap', `zoco-dashboard-${name}`);
    expect(found.metadata.labels).toMatchObject({ grafana_dashboard: '1' });
    const { data } = z.object({ data: z.record(z.string(), z.string()) }).parse(found);
    const [text = ''] = Object.values(data);
    expect(JSON.parse(text)).toEqual(JSON.parse(readFileSync(join(CHART, file), 'utf8')));
    expect(text.length).toBeLessThan(1_000_000);
  }
});

test('what is scraped carries the labels that dashboards and alerts ask for', async () => {
  const objects = await render([], ['monitoring.serviceMonitors.enabled=true']);
  const [monitor] = ofKind(objects, 'ServiceMonitor');
  new ServiceMonitor(z.custom<ConstructorParameters<typeof ServiceMonitor>[0]>().parse(monitor)).validate();
  expect(monitor?.['spec']).toMatchObject({
    jobLabel: 'app.kubernetes.io/name',
    endpoints: [{ port: 'admin', honorLabels: true, relabelings: [{ targetLabel: 'service' }] }],
  });
});
