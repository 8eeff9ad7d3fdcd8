import { z } from 'zod';

/** A Lease of coordination.k8s.io/v1; labels and whatever else it has are kept as they are. */
export const leaseSchema = z.looseObject({
  metadata: z.looseObject({ resourceVersion: z.string() }),
  spec: z
    .looseObject({
      holderIdentity: z.string().nullish(),
      leaseDurationSeconds: z.int().nullish(),
      leaseTransitions: z.int().nullish(),
    })
    .default({}),
});
export type Lease = z.infer<typeof leaseSchema>;

/** Whether this replica may write its name into the lease. */
export interface Candidacy {
  readonly lease: Lease;
  readonly identity: string;
  /** For how long this replica has seen the lease unchanged, by its own clock: nobody's wall clock is believed. */
  readonly unchangedMs: number;
}

/** Free, mine, or left alone by its holder for longer than it was taken for. */
export function mayTake({ lease, identity, unchangedMs }: Candidacy): boolean {
  const { holderIdentity, leaseDurationSeconds } = lease.spec;
  if (!holderIdentity || holderIdentity === identity) return true;
  return unchangedMs >= (leaseDurationSeconds ?? 0) * 1000;
}

/** The lease as its new holder writes it. `now` is for people who read it. */
export function taken(lease: Lease, identity: string, durationSeconds: number, now: Date): Lease {
  const { holderIdentity, leaseTransitions } = lease.spec;
  const mine = holderIdentity === identity;
  return {
    ...lease,
    spec: {
      ...lease.spec,
      holderIdentity: identity,
      leaseDurationSeconds: durationSeconds,
      renewTime: microTime(now),
      ...(mine ? {} : { acquireTime: microTime(now), leaseTransitions: (leaseTransitions ?? 0) + 1 }),
    },
  };
}

/** The lease as its holder leaves it behind: the next one need not wait. */
export function released(lease: Lease, now: Date): Lease {
  return {
    ...lease,
    spec: { ...lease.spec, holderIdentity: '', leaseDurationSeconds: 1, renewTime: microTime(now) },
  };
}

/** As the API server parses it: exactly six digits. */
function microTime(now: Date): string {
  return now.toISOString().replace('Z', '000Z');
}
