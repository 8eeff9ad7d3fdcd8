import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { CHART, type KubernetesObject, NAMESPACE, RELEASE, helm, render } from '../render.ts';

/** As much of an API server as Helm asks while it renders: which resources there are, and the objects that are looked up. */
export interface Cluster extends AsyncDisposable {
  /** What `helm install` would send to this cluster. */
  manifest(...sets: readonly string[]): Promise<string>;
  /** Paths that were asked for. */
  readonly requests: readonly string[];
}

/** What Helm writes to all that it makes, and looks for before it takes up what is there already. */
const OWNED = { 'meta.helm.sh/release-name': RELEASE, 'meta.helm.sh/release-namespace': NAMESPACE };

interface Resource {
  readonly name: string;
  readonly kind: string;
}
type Resources = ReadonlyMap<string, readonly Resource[]>;

/** By group and version, those of which the chart has objects, and what it looks up besides. */
async function resourcesOfChart(): Promise<Resources> {
  const resources = new Map<string, Resource[]>([
    ['discovery.k8s.io/v1', [{ name: 'endpointslices', kind: 'EndpointSlice' }]],
  ]);
  for (const { apiVersion, kind } of await render()) {
    const known = resources.get(apiVersion) ?? [];
    // Helm looks for kinds; what their paths are called matters for Secrets alone.
    if (!known.some((resource) => resource.kind === kind))
      known.push({ name: `${kind.toLowerCase()}s`, kind });
    resources.set(apiVersion, known);
  }
  return resources;
}

/** A cluster that holds these Secrets, as an installation by this release would have left them. */
export async function startCluster(secrets: readonly KubernetesObject[]): Promise<Cluster> {
  const resources = await resourcesOfChart();
  const requests: string[] = [];
  const server = createServer((request, response) => {
    const path = (request.url ?? '').replace(/\?.*$/, '');
    requests.push(path);
    const body = answer(path, secrets, resources);
    response.writeHead(body === undefined ? 404 : 200, { 'content-type': 'application/json' });
    response.end(
      JSON.stringify(
        body ?? { kind: 'Status', apiVersion: 'v1', status: 'Failure', reason: 'NotFound', code: 404 },
      ),
    );
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = z.object({ port: z.number() }).parse(server.address());
  const dir = mkdtempSync(join(tmpdir(), 'zoco-cluster-'));
  const kubeconfig = join(dir, 'config');
  writeFileSync(kubeconfig, kubeconfigOf(port));
  const options = [
    '--namespace',
    NAMESPACE,
    '--kubeconfig',
    kubeconfig,
    '--dry-run=server',
    '--disable-openapi-validation',
  ];
  return {
    requests,
    manifest: (...sets) =>
      helm('template', RELEASE, CHART, ...options, ...sets.flatMap((set) => ['--set', set])),
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
      rmSync(dir, { recursive: true });
    },
  };
}

function answer(path: string, secrets: readonly KubernetesObject[], resources: Resources): unknown {
  if (path === '/version') return { major: '1', minor: '36', gitVersion: 'v1.36.0' };
  if (path === '/api') return { kind: 'APIVersions', versions: ['v1'] };
  if (path === '/apis') {
    const groups = [...resources.keys()].filter((groupVersion) => groupVersion !== 'v1').map(groupOf);
    return { kind: 'APIGroupList', apiVersion: 'v1', groups };
  }
  const groupVersion = path.replace(/^\/apis?\//, '');
  const found = resources.get(groupVersion);
  if (found !== undefined) {
    const described = found.map((resource) => ({
      ...resource,
      singularName: '',
      namespaced: true,
      verbs: ['get', 'list'],
    }));
    return { kind: 'APIResourceList', apiVersion: 'v1', groupVersion, resources: described };
  }
  const name = /\/namespaces\/[^/]+\/secrets\/([^/]+)$/.exec(path)?.[1];
  const secret = secrets.find(({ metadata }) => metadata.name === name);
  return secret === undefined
    ? undefined
    : { ...secret, metadata: { ...secret.metadata, annotations: OWNED } };
}

function groupOf(groupVersion: string): unknown {
  const [name, version] = groupVersion.split('/');
  const only = { groupVersion, version };
  return { name, versions: [only], preferredVersion: only };
}

function kubeconfigOf(port: number): string {
  return JSON.stringify({
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'test', cluster: { server: `http://127.0.0.1:${port}` } }],
    users: [{ name: 'test', user: {} }],
    contexts: [{ name: 'test', context: { cluster: 'test', user: 'test' } }],
    'current-context': 'test',
  });
}
