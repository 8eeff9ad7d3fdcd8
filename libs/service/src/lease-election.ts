import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { setTimeout as delay } from 'node:timers/promises';
import { type KubernetesApi, KubernetesRefusal } from './kubernetes-api.ts';
import { type Lease, leaseSchema, mayTake, released, taken } from './lease.ts';
import type { Logger } from './log.ts';

/** Whose turn it is to do what one replica is enough for. */
export interface Election extends AsyncDisposable {
  /**
   * True for one replica at a time while the API server answers. When it has not for a minute, or refuses, true for all: the work must be
   * safe to do twice, and no leader at all would be worse than two.
   */
  isElected(): boolean;
}

export interface ElectorOptions {
  readonly api: KubernetesApi;
  readonly namespace: string;
  /** Name of a Lease that exists: the right to make one cannot be given for one name. */
  readonly leaseName: string;
  readonly identity: string;
  /** How long others leave a silent holder alone. Default 30. */
  readonly durationSeconds?: number;
  /** Monotonic. */
  readonly nowMs?: () => number;
}

/** One candidate; `tick` is to be called every few seconds. */
export interface Elector extends Pick<Election, 'isElected'> {
  /** Renews, takes or watches the lease. @throws Error when the API server does not answer, or refuses */
  tick(): Promise<void>;
  /** Leaves the lease to the others. */
  release(): Promise<void>;
}

const TICK_MS = 5000;
const ALONE_AFTER_MS = 60_000;

/** Takes part in the election until it is disposed. */
export function startElection(
  options: Omit<ElectorOptions, 'identity' | 'namespace'> & { readonly log: Logger },
): Election {
  const controller = new AbortController();
  const { signal } = controller;
  // A container that is restarted has the same host name, and must not take itself for its predecessor.
  const identity = `${hostname()}_${randomUUID()}`;
  let elector: Elector | undefined;
  const startedMs = performance.now();

  async function run(): Promise<void> {
    let failures = 0;
    while (!signal.aborted) {
      try {
        elector ??= createElector({ ...options, identity, namespace: await options.api.namespace() });
        const before = elector.isElected();
        await elector.tick();
        failures = 0;
        if (elector.isElected() !== before) {
          options.log.info({ lease: options.leaseName, elected: !before }, 'the turn changed');
        }
      } catch (error) {
        failures += 1;
        if (failures % 20 === 3)
          options.log.warn({ err: error, lease: options.leaseName }, 'the lease is out of reach');
      }
      // Not in step with the others.
      await delay(TICK_MS * (0.9 + 0.2 * Math.random()), undefined, { signal }).catch(() => {});
    }
    await elector?.release().catch(() => {});
  }

  const running = run();
  return {
    isElected: () => elector?.isElected() ?? performance.now() > startedMs + ALONE_AFTER_MS,
    async [Symbol.asyncDispose]() {
      controller.abort();
      await running;
    },
  };
}

/**
 * The election of client-go: who holds the Lease renews it, and the others wait until it stands still for its duration by their own
 * monotonic clock. resourceVersion makes every write a compare-and-set. The holder gives up at two thirds of the duration, counted from before
 * the request that renewed it, so that it stops before another one may start.
 */
export function createElector(options: ElectorOptions): Elector {
  const { api, identity, nowMs = () => performance.now(), durationSeconds = 30 } = options;
  const path = `/apis/coordination.k8s.io/v1/namespaces/${options.namespace}/leases/${options.leaseName}`;
  const holdMs = (durationSeconds * 1000 * 2) / 3;
  let seen: { readonly lease: Lease; readonly sinceMs: number } | undefined;
  // Set while this replica holds the lease, which then need not be read before it is renewed.
  let held: Lease | undefined;
  let electedUntilMs = -Infinity;
  let answeredAtMs = nowMs();

  function see(answer: unknown): Lease {
    const lease = leaseSchema.parse(answer);
    answeredAtMs = nowMs();
    if (seen?.lease.metadata.resourceVersion !== lease.metadata.resourceVersion) {
      seen = { lease, sinceMs: answeredAtMs };
    }
    return lease;
  }

  /** @returns false when somebody else was quicker */
  async function write(next: Lease): Promise<boolean> {
    // Whatever goes wrong: the answer may have got lost, so the lease is read before the next try.
    held = undefined;
    try {
      held = see(await api.put(path, next));
      return true;
    } catch (error) {
      if (!(error instanceof KubernetesRefusal) || error.status !== 409) throw error;
      answeredAtMs = nowMs();
      return false;
    }
  }

  return {
    isElected() {
      const now = nowMs();
      return now < electedUntilMs || now > answeredAtMs + ALONE_AFTER_MS;
    },
    async tick() {
      const startedMs = nowMs();
      const lease = held ?? see(await api.get(path));
      const unchangedMs = startedMs - (seen?.sinceMs ?? startedMs);
      if (!mayTake({ lease, identity, unchangedMs })) {
        electedUntilMs = -Infinity;
        return;
      }
      const written = await write(taken(lease, identity, durationSeconds, new Date()));
      if (written) electedUntilMs = startedMs + holdMs;
    },
    async release() {
      electedUntilMs = -Infinity;
      if (held !== undefined) await write(released(held, new Date()));
      held = undefined;
    },
  };
}
