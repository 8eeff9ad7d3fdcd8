import { z } from 'zod';

const count = z.int().default(0);
const statusSchema = z.object({
  observedGeneration: count,
  replicas: count,
  updatedReplicas: count,
  readyReplicas: count,
  availableReplicas: count,
  conditions: z.array(z.object({ type: z.string(), reason: z.string().optional() })).default([]),
});

/** What is read of a Deployment (apps/v1). */
export const deploymentSchema = z.object({
  metadata: z.object({ generation: count }),
  spec: z.object({
    replicas: z.int().default(1),
    template: z.object({ spec: z.object({ containers: z.array(z.object({ image: z.string() })) }) }),
  }),
  status: statusSchema.prefault({}),
});

export interface Rollout {
  readonly replicas: { desired: number; updated: number; ready: number; available: number };
  readonly rollout: 'done' | 'progressing' | 'stalled';
  /** Tag of the image that is wanted, or the beginning of its digest. */
  readonly image: string;
}

/** Where the replacement of a service's pods stands, by the rules of `kubectl rollout status`. */
export function rolloutOf({ metadata, spec, status }: z.infer<typeof deploymentSchema>): Rollout {
  const { updatedReplicas: updated, readyReplicas: ready, availableReplicas: available } = status;
  return {
    replicas: { desired: spec.replicas, updated, ready, available },
    rollout: stateOf(metadata.generation, spec.replicas, status),
    image: tagOf(spec.template.spec.containers[0]?.image ?? ''),
  };
}

function stateOf(
  generation: number,
  desired: number,
  status: z.infer<typeof statusSchema>,
): Rollout['rollout'] {
  // What is said of an older specification says nothing of this one.
  if (status.observedGeneration < generation) return 'progressing';
  const late = ({ type, reason }: { type: string; reason?: string | undefined }) =>
    type === 'Progressing' && reason === 'ProgressDeadlineExceeded';
  if (status.conditions.some(late)) return 'stalled';
  const complete =
    status.updatedReplicas >= desired &&
    status.replicas <= status.updatedReplicas &&
    status.availableReplicas >= status.updatedReplicas;
  return complete ? 'done' : 'progressing';
}

const DIGEST_CHARACTERS = 19;

function tagOf(image: string): string {
  const [name = '', digest] = image.split('@');
  const [, tag] = /:([^:/]+)$/.exec(name) ?? [];
  return tag ?? digest?.slice(0, DIGEST_CHARACTERS) ?? 'latest';
}
