import { beforeAll, expect, test } from 'vitest';
import { z } from 'zod';
import { type KubernetesObject, render } from '../render.ts';

const Spec = z.looseObject({ template: z.unknown() });

/** What makes new pods when it changes, by workload. */
function templates(objects: readonly KubernetesObject[]): Map<string, string> {
  return new Map(
    objects
      .filter(({ kind }) => kind === 'Deployment' || kind === 'StatefulSet')
      .map((object) => [object.metadata.name, JSON.stringify(Spec.parse(object['spec']).template)]),
  );
}

let before: Map<string, string>;
beforeAll(async () => {
  before = templates(await render());
});

/** Workloads that get new pods by an upgrade with these values. */
async function rolledBy(...sets: string[]): Promise<string[]> {
  const after = templates(await render([], sets));
  return [...after].filter(([name, template]) => template !== before.get(name)).map(([name]) => name);
}

test('an upgrade that changes nothing rolls nothing, whatever it generates', async () => {
  expect(before.size).toBe(10);
  expect(await rolledBy('secrets.keep=true')).toEqual([]);
  expect(await rolledBy('orders.replicas=3', 'platformAdmin.email=other@zoco.example')).toEqual([]);
});

test('a new version rolls what is ours, and neither Postgres nor NATS', async () => {
  const rolled = await rolledBy('global.image.tag=9.9.9');
  expect(rolled).toHaveLength(8);
  expect(rolled).not.toContain('zoco-postgres');
  expect(rolled).not.toContain('zoco-nats');
});

test('a changed setting rolls the service that reads it, and no other', async () => {
  expect(await rolledBy('orders.logLevel=debug')).toEqual(['zoco-orders']);
  expect(await rolledBy('cart.shutdown.delaySeconds=9')).toEqual(['zoco-cart']);
});

test('a pod is added before one is taken away', async () => {
  const Strategy = z.looseObject({ strategy: z.looseObject({ type: z.string() }) });
  const deployments = (await render()).filter(({ kind }) => kind === 'Deployment');
  const strategies = new Map(
    deployments.map((object) => [object.metadata.name, Strategy.parse(object['spec']).strategy]),
  );
  // The sandbox has a volume that one pod at a time can hold; nobody waits for an answer of it.
  expect(strategies.get('zoco-stripe-sandbox')).toEqual({ type: 'Recreate' });
  strategies.delete('zoco-stripe-sandbox');
  for (const [name, strategy] of strategies) {
    expect(strategy, name).toEqual({
      type: 'RollingUpdate',
      rollingUpdate: { maxUnavailable: 0, maxSurge: 1 },
    });
  }
});
