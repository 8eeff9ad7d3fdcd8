import { stringify } from 'yaml';
import { natsPermissions } from '../nats-permissions.ts';
import { SERVICE_NAMES } from '../services.ts';

/** Where the chart's NATS reads what each service may do. */
export const CHART_PERMISSIONS_FILE = new URL(
  '../../../../charts/zoco/charts/nats/files/permissions.yaml',
  import.meta.url,
);

const HEADER = `\
# Generated from libs/contracts by \`npm run generate\`; change it there.
# Per service: the subjects that its login may publish to and subscribe to. All others are refused.
`;

/** Every service's permissions as YAML for the chart: the same definitions always give the same bytes. */
export function chartPermissions(): string {
  const services = Object.fromEntries(SERVICE_NAMES.map((name) => [name, natsPermissions(name)]));
  return HEADER + stringify({ services }, { lineWidth: 0 });
}
