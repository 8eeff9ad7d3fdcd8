import { z } from 'zod';
import { type KubernetesObject, NAMESPACE, ofKind } from '../render.ts';
import type { Allows } from './linkerd.ts';
import { COMPONENTS, nameOf } from './requests.ts';

const Labels = z.record(z.string(), z.string());
const Selector = z.strictObject({ matchLabels: Labels.default({}) });
const Peer = z.strictObject({
  podSelector: Selector.optional(),
  namespaceSelector: Selector.optional(),
  ipBlock: z.strictObject({ cidr: z.string(), except: z.array(z.string()).optional() }).optional(),
});
export type Peer = z.infer<typeof Peer>;
const Ports = z.array(z.strictObject({ protocol: z.enum(['TCP', 'UDP']), port: z.int() }));
const Spec = z.strictObject({
  podSelector: Selector,
  policyTypes: z.tuple([z.literal('Ingress'), z.literal('Egress')]),
  ingress: z.array(z.strictObject({ from: z.array(Peer).min(1).optional(), ports: Ports })).nullish(),
  egress: z.array(z.strictObject({ to: z.array(Peer).min(1), ports: Ports })).nullish(),
});

/** One direction of a policy; no peers is everybody. */
export interface Rule {
  readonly peers: readonly Peer[] | undefined;
  readonly ports: readonly number[];
}

/** What pods with these labels may receive and send by the policies of a render. */
export interface NetworkRules {
  /** Whether any policy selects them; without one, everything is open. */
  readonly restricted: boolean;
  readonly ingress: readonly Rule[];
  readonly egress: readonly Rule[];
}

export function networkRules(
  objects: readonly KubernetesObject[],
  labels: Record<string, string>,
): NetworkRules {
  const specs = ofKind(objects, 'NetworkPolicy')
    .map((policy) => Spec.parse(policy['spec']))
    .filter(({ podSelector }) => matches(podSelector, labels));
  const numbers = (ports: z.infer<typeof Ports>) => ports.map(({ port }) => port);
  return {
    restricted: specs.length > 0,
    ingress: specs.flatMap(({ ingress }) =>
      (ingress ?? []).map(({ from, ports }): Rule => ({ peers: from, ports: numbers(ports) })),
    ),
    egress: specs.flatMap(({ egress }) =>
      (egress ?? []).map(({ to, ports }): Rule => ({ peers: to, ports: numbers(ports) })),
    ),
  };
}

/**
 * Whether packets of a request pass both ends.
 * @param proxyPort where everything arrives that goes from proxy to proxy; missing: at the port that was asked for
 */
export function networkAllows(objects: readonly KubernetesObject[], proxyPort?: number): Allows {
  const pods = new Map(
    COMPONENTS.map((component) => {
      const labels = podLabels(objects, component);
      return [component, { labels, ...networkRules(objects, labels) }];
    }),
  );
  return (request) => {
    const [sender, receiver] = [pods.get(request.from), pods.get(request.to)];
    if (sender === undefined || receiver === undefined) throw new Error(`No pods for ${nameOf(request)}.`);
    const open = (rules: readonly Rule[], other: Record<string, string>) =>
      rules.some(
        ({ peers, ports }) =>
          ports.includes(proxyPort ?? request.port) && (peers?.some((peer) => isPeer(peer, other)) ?? true),
      );
    return (
      (!sender.restricted || open(sender.egress, receiver.labels)) &&
      (!receiver.restricted || open(receiver.ingress, sender.labels))
    );
  };
}

/** Labels of the pods of a component, as its workload makes them. */
export function podLabels(objects: readonly KubernetesObject[], component: string): Record<string, string> {
  const workloads = [...ofKind(objects, 'Deployment'), ...ofKind(objects, 'StatefulSet')];
  const pods = workloads.map(
    ({ spec }) =>
      z.object({ template: z.object({ metadata: z.object({ labels: Labels }) }) }).parse(spec).template,
  );
  const labels = pods.map(({ metadata }) => metadata.labels);
  const found = labels.find((each) => each['app.kubernetes.io/component'] === component);
  if (found === undefined) throw new Error(`The chart runs no ${component}.`);
  return found;
}

const matches = ({ matchLabels }: z.infer<typeof Selector>, labels: Record<string, string>) =>
  Object.entries(matchLabels).every(([key, value]) => labels[key] === value);

/** Whether a pod of the release is meant; blocks of addresses mean what is outside. */
function isPeer({ podSelector, namespaceSelector, ipBlock }: Peer, labels: Record<string, string>): boolean {
  if (ipBlock !== undefined) return false;
  const here =
    namespaceSelector === undefined ||
    matches(namespaceSelector, { 'kubernetes.io/metadata.name': NAMESPACE });
  return here && (podSelector === undefined || matches(podSelector, labels));
}
