import { type KubernetesObject, MESHES, render, VALUES_FILES } from './render.ts';

/** One way to install the chart that has to work. */
export interface Variant {
  readonly name: string;
  readonly valuesFiles: readonly string[];
  readonly sets: readonly string[];
}

/** Everything that is off by default and whose objects nobody else of the variants makes. */
const ALL_SWITCHES = [
  'global.observability.otlp.endpoint=http://collector.monitoring:4318',
  'global.tls.postgres=true',
  'global.tls.nats=true',
  'global.trustedCertificates.secretName=authorities',
  'global.priorityClassName=shop',
  'global.image.pullSecrets={registry}',
  'priorityClass.create=true',
  'monitoring.serviceMonitors.enabled=true',
  'gateway.expose.type=LoadBalancer',
  'gateway.httpRoute.enabled=true',
  'gateway.httpRoute.parentRefs[0].name=public',
  'gateway.autoscaling.enabled=true',
  'orders.keda.enabled=true',
  'postgres.maxConnections=400',
  'cart.podLabels.team=shop',
  'cart.podAnnotations.reviewed=yes',
];

/** Every values file with every mesh, the defaults, and all switches together. */
export const VARIANTS: readonly Variant[] = [
  ...[[], ...VALUES_FILES.map((file) => [file])].flatMap((valuesFiles) =>
    MESHES.map((mesh) => ({
      name: `${valuesFiles[0] ?? 'values.yaml'}, mesh ${mesh}`,
      valuesFiles,
      sets: mesh === 'none' ? [] : [`global.mesh.provider=${mesh}`],
    })),
  ),
  {
    name: 'values-prod.yaml with values-eks.yaml',
    valuesFiles: ['values-prod.yaml', 'values-eks.yaml'],
    sets: [],
  },
  { name: 'all switches', valuesFiles: [], sets: ALL_SWITCHES },
];

/** The objects of a variant. */
export function objectsOf(variant: Variant): Promise<readonly KubernetesObject[]> {
  return render(variant.valuesFiles, variant.sets);
}
