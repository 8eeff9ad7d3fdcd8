import { z } from 'zod';
import { type KubernetesObject, NAMESPACE, ofKind } from '../render.ts';
import type { Allows } from './linkerd.ts';
import { podLabels } from './network.ts';
import { COMPONENTS, type Request } from './requests.ts';

const Operation = z.strictObject({
  ports: z.array(z.string()).optional(),
  methods: z.array(z.string()).optional(),
  paths: z.array(z.string()).optional(),
});
const Policy = z.strictObject({
  selector: z.strictObject({ matchLabels: z.record(z.string(), z.string()) }),
  action: z.literal('ALLOW').optional(),
  rules: z
    .array(
      z.strictObject({
        from: z
          .array(z.strictObject({ source: z.strictObject({ principals: z.array(z.string()) }) }))
          .optional(),
        to: z.array(z.strictObject({ operation: Operation })).min(1),
      }),
    )
    .default([]),
});

/** How Istio's sidecars answer meshed requests: once a policy selects a pod, what none allows is denied. */
export function istioAllows(objects: readonly KubernetesObject[], release: string): Allows {
  const policies = ofKind(objects, 'AuthorizationPolicy').map(({ spec }) => Policy.parse(spec));
  const pods = new Map(COMPONENTS.map((component) => [component, podLabels(objects, component)]));
  const selectingOf = new Map(
    [...pods].map(([component, labels]) => [
      component,
      policies.filter(({ selector }) =>
        Object.entries(selector.matchLabels).every(([key, value]) => labels[key] === value),
      ),
    ]),
  );
  return (request) => {
    const principal = `cluster.local/ns/${NAMESPACE}/sa/${release}-${request.from}`;
    const selecting = selectingOf.get(request.to) ?? [];
    if (selecting.length === 0) return true;
    return selecting
      .flatMap(({ rules }) => rules)
      .some(
        ({ from, to }) =>
          (from?.some(({ source }) => source.principals.includes(principal)) ?? true) &&
          to.some(({ operation }) => isMatch(operation, request)),
      );
  };
}

function isMatch({ ports, methods, paths }: z.infer<typeof Operation>, { port, http }: Request): boolean {
  const at = ports?.includes(String(port)) ?? true;
  if (http === undefined) return at && methods === undefined && paths === undefined;
  const said = methods?.includes(http.method) ?? true;
  return at && said && (paths?.some((pattern) => pathRegex(pattern).test(http.path)) ?? true);
}

/** Of Istio's patterns the two that the chart uses: `{*}` is one segment, a star at the end anything. */
function pathRegex(pattern: string): RegExp {
  const text = pattern.replaceAll(/[.[\]()+?^$|\\]/g, String.raw`\$&`);
  return new RegExp(`^${text.replaceAll('{*}', '[^/]+').replace(/\*$/, '.*')}$`);
}
