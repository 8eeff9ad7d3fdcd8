import type { KubernetesObject } from '../render.ts';

/** npm packages with the types of the APIs that are not in Kubernetes itself, by API group. */
const PACKAGES: Readonly<Record<string, string>> = {
  'gateway.networking.k8s.io': '@kubernetes-models/gateway-api',
  'networking.istio.io': '@kubernetes-models/istio',
  'security.istio.io': '@kubernetes-models/istio',
  'keda.sh': '@kubernetes-models/keda',
  'monitoring.coreos.com': '@kubernetes-models/prometheus-operator',
};

/** Groups that nobody publishes types of; edges/policies.test.ts holds their objects against their CRDs. */
const WITHOUT_TYPES = ['policy.linkerd.io'];

/** Module that holds the type of an object; undefined where there is none. */
export function moduleOf({
  apiVersion,
  kind,
}: Pick<KubernetesObject, 'apiVersion' | 'kind'>): string | undefined {
  const group = apiVersion.includes('/') ? apiVersion.replace(/\/.*$/, '') : '';
  if (WITHOUT_TYPES.includes(group)) return undefined;
  return `${PACKAGES[group] ?? 'kubernetes-models'}/${apiVersion}/${kind}`;
}
