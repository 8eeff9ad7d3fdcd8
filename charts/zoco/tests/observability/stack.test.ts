import { execFile } from 'node:child_process';
import { globSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { promtool, ROOT } from '@zoco/local';
import { describe, expect, test } from 'vitest';
import { parse, parseAllDocuments } from 'yaml';
import { z } from 'zod';
import { moduleOf } from '../objects/api-types.ts';
import { find, type KubernetesObject, ofKind, render } from '../render.ts';
import { workloads } from '../workloads.ts';

const FOLDER = join(ROOT, 'k8s/observability');
const VALUES = join(FOLDER, 'values.yaml');
const NAMESPACE = 'observability';
const read = (name: string) => readFileSync(join(FOLDER, name), 'utf8');

const Objects = z.array(
  z.looseObject({
    apiVersion: z.string(),
    kind: z.string(),
    metadata: z.looseObject({
      name: z.string(),
      namespace: z.string().optional(),
      labels: z.record(z.string(), z.string()).default({}),
      annotations: z.record(z.string(), z.string()).default({}),
    }),
  }),
);
const MANIFESTS = globSync('*.yaml', { cwd: FOLDER }).filter((name) => !/^(values|kustomization)/.test(name));
const objectsIn = (name: string): KubernetesObject[] =>
  Objects.parse(parseAllDocuments(read(name)).map((document) => document.toJS() as unknown));
const all = MANIFESTS.flatMap(objectsIn);

const Model = z.custom<new (data: unknown) => { validate(): void }>((value) => typeof value === 'function');
const ConfigMap = z.object({ data: z.record(z.string(), z.string()) });
const configOf = (name: string, file: string) =>
  ConfigMap.parse(find(all, 'ConfigMap', name)).data[file] ?? '';

test.each(MANIFESTS)('%s is what the schemas of Kubernetes say', async (name) => {
  for (const object of objectsIn(name)) {
    const exports = z.record(z.string(), z.unknown()).parse(await import(moduleOf(object) ?? ''));
    const Class = Model.parse(exports[object.kind]);
    expect(() => new Class(object).validate(), `${object.kind} ${object.metadata.name}`).not.toThrow();
  }
});

test('kustomization.yaml names every manifest and every image', () => {
  const { resources, images } = z
    .object({ resources: z.array(z.string()), images: z.array(z.object({ name: z.string() })) })
    .parse(parse(read('kustomization.yaml')));
  expect(resources.toSorted()).toEqual(MANIFESTS.toSorted());
  const used = workloads(all).flatMap(({ containers }) => containers.map(({ image }) => image.split(':')[0]));
  expect(new Set(images.map(({ name }) => name))).toEqual(new Set(used));
});

test('every pod may run under Pod Security "restricted", pinned, limited and watched', () => {
  const pods = workloads(all);
  expect(pods).toHaveLength(6);
  for (const { pod, containers } of pods) {
    expect(pod.securityContext).toMatchObject({
      runAsNonRoot: true,
      seccompProfile: { type: 'RuntimeDefault' },
    });
    expect(pod.automountServiceAccountToken).toBe(false);
    for (const { securityContext, image, resources } of containers) {
      expect(securityContext).toMatchObject({
        allowPrivilegeEscalation: false,
        readOnlyRootFilesystem: true,
        capabilities: { drop: ['ALL'] },
      });
      expect(image).toMatch(/:v?\d+\.\d+\.\d+$/);
      expect(Object.keys(resources.limits)).toContain('memory');
    }
  }
});

describe('the parts find each other', () => {
  const services = new Map(
    ofKind(all, 'Service').map((service) => [
      service.metadata.name,
      z.object({ spec: z.object({ ports: z.array(z.object({ port: z.number() })) }) }).parse(service).spec
        .ports,
    ]),
  );
  const isThere = (host: string, port: number) =>
    services.get(host)?.some((known) => known.port === port) === true;

  test('every address in a configuration is that of a Service', () => {
    const texts = ofKind(all, 'ConfigMap').flatMap((map) => Object.values(ConfigMap.parse(map).data));
    const addresses = [...texts.join('\n').matchAll(/\b([a-z][a-z-]+):(\d{4,5})\b/g)]
      .map(([, host = '', port]) => ({ host, port: Number(port) }))
      .filter(({ host }) => host !== 'localhost');
    expect(addresses.length).toBeGreaterThan(5);
    for (const { host, port } of addresses) expect(isThere(host, port), `${host}:${port}`).toBe(true);
  });

  test('the chart sends traces to the collector', async () => {
    const objects = JSON.stringify(await render([VALUES]));
    const [, host = '', namespace, port] = /"http:\/\/([a-z-]+)\.([a-z-]+):(4318)"/.exec(objects) ?? [];
    expect([namespace, isThere(host, Number(port))]).toEqual([NAMESPACE, true]);
  });

  test('sidecars look for the labels that the chart gives its rules and dashboards', async () => {
    const objects = ofKind(await render([VALUES]), 'ConfigMap');
    const wanted = workloads(all).flatMap(({ containers }) =>
      containers.flatMap(({ env }) => {
        const value = (name: string) => env.find((one) => one.name === name)?.value;
        const label = value('LABEL');
        return label === undefined ? [] : [[label, value('LABEL_VALUE')] as const];
      }),
    );
    expect(wanted).toHaveLength(2);
    for (const [label, value] of wanted) {
      const found = objects.filter(({ metadata }) => metadata.labels[label] === value);
      expect(found.length, label).toBeGreaterThan(3);
    }
  });

  test('Grafana opens on a dashboard that exists, and its sources have the types that dashboards choose from', () => {
    expect(read('grafana.yaml')).toContain('/dashboards/Zoco/zoco-overview.json');
    const { datasources } = z
      .object({ datasources: z.array(z.object({ uid: z.string(), type: z.string() })) })
      .parse(parse(configOf('grafana', 'datasources.yaml')));
    const overview = readFileSync(join(ROOT, 'charts/zoco/dashboards/overview.json'), 'utf8');
    for (const { type } of datasources) expect(overview).toContain(`"query": "${type}"`);
  });
});

test('Prometheus takes its configuration, and keeps the ports that pods of the chart have', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'zoco-stack-'));
  try {
    const file = join(folder, 'prometheus.yml');
    // Debian's Prometheus is built without Kubernetes.
    const targets = 'static_configs: [{ targets: [localhost:1] }]';
    const config = configOf('prometheus', 'prometheus.yml');
    writeFileSync(file, config.replace('kubernetes_sd_configs: [{ role: pod }]', targets));
    await promisify(execFile)(promtool(), ['check', 'config', '--syntax-only', file]);
  } finally {
    rmSync(folder, { recursive: true });
  }
  const text = configOf('prometheus', 'prometheus.yml');
  expect(text).toContain('regex: zoco/admin');
  const names = workloads(await render([VALUES])).flatMap(({ containers }) =>
    containers.flatMap(({ ports }) => ports.map(({ name }) => name)),
  );
  expect(names.filter((name) => name === 'admin')).toHaveLength(7);
});
