import { SERVICE_NAMES, type ServiceName } from '@zoco/contracts';
import { type KubernetesApi, KubernetesRefusal } from '@zoco/service';
import type { Clock } from './clock.ts';
import { deploymentSchema, type Rollout, rolloutOf } from './rules/rollout.ts';

/** What the cluster says of the services' Deployments, or why it says nothing. */
export interface ClusterView {
  readonly status: 'ok' | 'outside' | 'forbidden' | 'unreachable';
  readonly detail: string;
  /** By name of the service, of those that have a Deployment. */
  readonly deployments: Readonly<Record<string, Rollout>>;
}

export type ReadDeployments = () => Promise<ClusterView>;

export interface ReadDeploymentsOptions {
  readonly api: KubernetesApi;
  /** Deployments are named `<prefix><service>`; undefined outside of a cluster. */
  readonly prefix: string | undefined;
  readonly clock: Clock;
}

// However often somebody reloads the page, the API server is asked every five seconds.
const REMEMBER_MS = 5000;

const OUTSIDE: ClusterView = {
  status: 'outside',
  detail: 'The gateway runs outside of a cluster, or was not told the names of its Deployments.',
  deployments: {},
};

/** Reads each Deployment by its name, which is all that a Role for these names allows. */
export function createReadDeployments({ api, prefix, clock }: ReadDeploymentsOptions): ReadDeployments {
  if (prefix === undefined) return async () => OUTSIDE;
  let last: { readonly view: Promise<ClusterView>; readonly startedMs: number } | undefined;

  async function readOne(namespace: string, name: ServiceName): Promise<[ServiceName, Rollout][]> {
    try {
      const path = `/apis/apps/v1/namespaces/${namespace}/deployments/${prefix}${name}`;
      return [[name, rolloutOf(deploymentSchema.parse(await api.get(path)))]];
    } catch (error) {
      if (error instanceof KubernetesRefusal && error.status === 404) return [];
      throw error;
    }
  }

  async function readAll(): Promise<ClusterView> {
    try {
      const namespace = await api.namespace();
      const found = await Promise.all(SERVICE_NAMES.map((name) => readOne(namespace, name)));
      return { status: 'ok', detail: 'From the Deployments.', deployments: Object.fromEntries(found.flat()) };
    } catch (error) {
      const refused = error instanceof KubernetesRefusal && (error.status === 401 || error.status === 403);
      if (refused)
        return { status: 'forbidden', detail: 'The gateway may not read Deployments.', deployments: {} };
      return { status: 'unreachable', detail: 'The API server gave no answer of use.', deployments: {} };
    }
  }

  return () => {
    const nowMs = clock.monotonicMs();
    if (last === undefined || nowMs >= last.startedMs + REMEMBER_MS)
      last = { view: readAll(), startedMs: nowMs };
    return last.view;
  };
}
