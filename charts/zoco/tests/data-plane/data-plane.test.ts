import { SERVICE_NAMES, SERVICES } from '@zoco/contracts';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { find, type KubernetesObject, ofKind, render, renderText, VALUES_FILES } from '../render.ts';
import { dataOf } from './pod-environment.ts';

const OWNERS = SERVICE_NAMES.filter((name) => SERVICES[name].database);
/** A pod of a service: its pool, the worker's and the one that listens. */
const WORKER_CONNECTIONS = 5;
/** What is left for people and for a backup. */
const SPARE_CONNECTIONS = 10;

const Deployment = z.object({ spec: z.object({ replicas: z.int().default(1) }) });
const Scaler = z.object({
  spec: z.object({
    scaleTargetRef: z.object({ name: z.string() }),
    maxReplicas: z.int().optional(),
    maxReplicaCount: z.int().optional(),
  }),
});

/** Most pods of a service at a time, one that is rolled out included. */
function podsMax(objects: readonly KubernetesObject[], service: string): number {
  const name = `zoco-${service}`;
  const fixed = Deployment.parse(find(objects, 'Deployment', name)).spec.replicas;
  const scaled = [...ofKind(objects, 'HorizontalPodAutoscaler'), ...ofKind(objects, 'ScaledObject')]
    .map((object) => Scaler.parse(object).spec)
    .filter(({ scaleTargetRef }) => scaleTargetRef.name === name)
    .map(({ maxReplicas = 0, maxReplicaCount = 0 }) => Math.max(maxReplicas, maxReplicaCount));
  return Math.max(fixed, ...scaled) + 1;
}

function connectionsMax(objects: readonly KubernetesObject[]): number {
  return OWNERS.reduce((sum, service) => {
    const pool = Number(dataOf(objects, 'ConfigMap', `zoco-${service}`)['DATABASE_POOL_MAX'] ?? 10);
    return sum + podsMax(objects, service) * (pool + WORKER_CONNECTIONS);
  }, 0);
}

describe.each([[[]], ...VALUES_FILES.map((file) => [[file]])])('%s', (files) => {
  test('all pods of all services find a free connection', async () => {
    const objects = await render(files);
    const text = objects.some(
      ({ kind, metadata }) => kind === 'ConfigMap' && metadata.name === 'zoco-postgres',
    )
      ? dataOf(objects, 'ConfigMap', 'zoco-postgres')['postgresql.conf']
      : undefined;
    // Elsewhere it is for whoever runs that Postgres.
    const limit = text === undefined ? Infinity : Number(/max_connections = '(\d+)'/.exec(text)?.[1]);
    expect(connectionsMax(objects) + SPARE_CONNECTIONS).toBeLessThanOrEqual(limit);
  });

  test('passwords are in Secrets alone', async () => {
    const objects = await render(files);
    const secrets = ofKind(objects, 'Secret').flatMap(({ metadata }) =>
      Object.entries(dataOf(objects, 'Secret', metadata.name)).filter(([key]) => key.includes('PASSWORD')),
    );
    const others = JSON.stringify(objects.filter(({ kind }) => kind !== 'Secret'));
    // On EKS they come from elsewhere.
    expect(secrets.length > 0).toBe(!files.includes('values-eks.yaml'));
    for (const [, password] of secrets) expect(others).not.toContain(password);
  });
});

test.each([
  [['nats.replicas=2'], /replicas/],
  [['nats.replica=3'], /replica/],
  [['postgres.settings.fsync=off'], /fsync/],
  [['postgres.settings.synchronous_commit=off'], /synchronous_commit/],
  [['postgres.persistence.sise=1Gi'], /sise/],
  [['nats.lameDuck.durationSeconds=5'], /durationSeconds/],
])('%s is refused with its name', async (sets, words) => {
  await expect(renderText([], sets)).rejects.toThrow(words);
});

test('volumes stay when the release goes, unless they are told not to', async () => {
  const policy = async (sets: readonly string[]) =>
    ofKind(await render([], sets), 'StatefulSet').map(
      ({ spec }) =>
        z.object({ persistentVolumeClaimRetentionPolicy: z.object({ whenDeleted: z.string() }) }).parse(spec)
          .persistentVolumeClaimRetentionPolicy.whenDeleted,
    );
  expect(await policy([])).toEqual(['Retain', 'Retain']);
  expect(await policy(['postgres.persistence.keep=false', 'nats.persistence.keep=false'])).toEqual([
    'Delete',
    'Delete',
  ]);
});

test('images of a place without a registry can be named', async () => {
  const sets = ['postgres', 'nats'].flatMap((name) => [
    `${name}.image.registry=registry.local:5000`,
    `${name}.image.repository=mirror/${name}`,
    `${name}.image.tag=1`,
    `${name}.image.pullPolicy=Never`,
  ]);
  const text = await renderText([], sets);
  for (const name of ['postgres', 'nats']) {
    expect(text).toContain(`image: registry.local:5000/mirror/${name}:1\n`);
  }
  expect(text.match(/imagePullPolicy: Never/g)).toHaveLength(2);
});
