import { expect, test } from 'vitest';
import { deploymentSchema, rolloutOf } from './rollout.ts';

interface Given {
  readonly generation?: number;
  readonly replicas?: number;
  readonly image?: string;
  readonly status?: object;
}

const rollout = ({ generation = 3, replicas = 2, image = 'zoco/orders:1.2.3', status }: Given) =>
  rolloutOf(
    deploymentSchema.parse({
      metadata: { name: 'zoco-orders', generation },
      spec: { replicas, template: { spec: { containers: [{ name: 'orders', image }] } } },
      ...(status === undefined ? {} : { status }),
    }),
  );
const complete = {
  observedGeneration: 3,
  replicas: 2,
  updatedReplicas: 2,
  readyReplicas: 2,
  availableReplicas: 2,
  conditions: [{ type: 'Progressing', status: 'True', reason: 'NewReplicaSetAvailable' }],
};
const late = [{ type: 'Progressing', status: 'False', reason: 'ProgressDeadlineExceeded' }];

test.each<[string, Given, string]>([
  ['every pod is new and available', { status: complete }, 'done'],
  ['nobody is wanted, nobody is there', { replicas: 0, status: { observedGeneration: 3 } }, 'done'],
  ['the controller has not seen it yet', { generation: 4, status: complete }, 'progressing'],
  ['nothing is known yet', {}, 'progressing'],
  ['a new pod is missing', { status: { ...complete, updatedReplicas: 1 } }, 'progressing'],
  ['an old pod is still there', { status: { ...complete, replicas: 3 } }, 'progressing'],
  ['a new pod is not available', { status: { ...complete, availableReplicas: 1 } }, 'progressing'],
  [
    'it takes longer than it may',
    { status: { ...complete, availableReplicas: 1, conditions: late } },
    'stalled',
  ],
  [
    'the last one took too long, this one is new',
    { generation: 4, status: { ...complete, conditions: late } },
    'progressing',
  ],
])('%s: %s', (_what, given, expected) => {
  expect(rollout(given).rollout).toBe(expected);
});

test('counts what is wanted and what is there', () => {
  const status = { ...complete, replicas: 4, updatedReplicas: 3, readyReplicas: 2, availableReplicas: 1 };
  expect(rollout({ replicas: 5, status }).replicas).toEqual({
    desired: 5,
    updated: 3,
    ready: 2,
    available: 1,
  });
});

test.each([
  ['zoco/orders:1.2.3', '1.2.3'],
  ['localhost:5001/zoco/orders:main-4f2a', 'main-4f2a'],
  ['localhost:5001/zoco/orders', 'latest'],
  ['registry.example/zoco/orders:1.2.3@sha256:0123456789abcdef0123', '1.2.3'],
  ['registry.example:443/zoco/orders@sha256:0123456789abcdef0123', 'sha256:0123456789ab'],
])('%s is %s', (image, expected) => {
  expect(rollout({ image, status: complete }).image).toBe(expected);
});
