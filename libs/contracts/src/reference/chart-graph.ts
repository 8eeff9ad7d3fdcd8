import { Document, visit } from 'yaml';
import { durableOf, type EventDefinition, streamOf, subjectOf } from '../event.ts';
import {
  CALLS,
  EVENTS,
  HANDLES,
  type InternalCall,
  OPEN_CALLS,
  OUTSIDE,
  PUBLIC_BASE,
  PUBLIC_ROUTES,
  WATCHES,
} from '../graph.ts';
import { SERVICE_NAMES, SERVICES, type ServiceName } from '../services.ts';

/** Where the chart reads the call graph; templates know no other list of who may reach whom. */
export const CHART_GRAPH_FILE = new URL('../../../../charts/zoco/files/graph.yaml', import.meta.url);

const HEADER = `\
# Generated from libs/contracts by \`npm run generate\`; change it there.
# Per service: its database; whom it calls over HTTP (with its identity where a route says so), and below which paths it
# forwards what clients ask; the events that it publishes, handles once, and watches; and who outside it talks to.
`;

/** The call graph as YAML for the chart: the same definitions always give the same bytes. */
export function chartGraph(): string {
  const services = Object.fromEntries(SERVICE_NAMES.map((name) => [name, serviceNode(name)]));
  const document = new Document({ services });
  // One line for each route and delivery: the file is read by people too.
  visit(document, {
    Map: (_key, node, path) => {
      if (path.length > 4 && (node.has('call') || node.has('subject') || node.has('party'))) node.flow = true;
    },
  });
  return HEADER + document.toString({ lineWidth: 0 });
}

function serviceNode(name: ServiceName) {
  const published = EVENTS.filter(({ producer }) => producer === name);
  return {
    ...(SERVICES[name].database && { database: `zoco_${name}` }),
    calls: Object.fromEntries(
      SERVICE_NAMES.map((callee) => [callee, edge(name, callee)] as const).filter(
        ([, { routes, forwards }]) => routes.length + forwards.length > 0,
      ),
    ),
    ...(published.length > 0 && {
      publishes: { stream: streamOf(name), subjects: published.map((event) => subjectOf(event, '*')) },
    }),
    handles: HANDLES[name].map((event) => ({ ...delivery(event), durable: durableOf(name, event) })),
    watches: WATCHES[name].map(delivery),
    outside: (OUTSIDE[name] ?? []).map(({ party, webhookPath }) => ({ party, webhookPath })),
  };
}

function delivery(event: EventDefinition) {
  return { stream: streamOf(event.producer), subject: subjectOf(event, '*') };
}

/** Everything that one service may ask of another. */
function edge(caller: ServiceName, callee: ServiceName) {
  const routes = [
    ...routesBetween(CALLS, caller, callee).map((route) => ({ ...route, identity: true })),
    ...[...routesBetween(OPEN_CALLS, caller, callee), ...webhooksBetween(caller, callee)].map((route) => ({
      ...route,
      identity: false,
    })),
  ];
  const forwarded = PUBLIC_ROUTES.filter(({ service }) => caller === 'gateway' && service === callee);
  return { routes, forwards: forwarded.map(({ prefix }) => `${PUBLIC_BASE}${prefix}`) };
}

/** What parties outside tell arrives at the gateway; a rule of its own lets a sandbox deliver it directly. */
function webhooksBetween(caller: ServiceName, callee: ServiceName) {
  if (caller !== 'gateway') return [];
  return (OUTSIDE[callee] ?? []).map(({ party, webhookPath }) => ({
    call: `${party}Webhook`,
    method: 'POST',
    path: webhookPath,
  }));
}

interface Call extends Omit<InternalCall, 'callee' | 'path'> {
  readonly callee: ServiceName | readonly ServiceName[];
  readonly path: string;
}

function routesBetween(calls: Readonly<Record<string, Call>>, caller: ServiceName, callee: ServiceName) {
  return Object.entries(calls)
    .filter(([, call]) => [call.callee].flat().includes(callee) && call.callers.includes(caller))
    .map(([call, { method, path }]) => ({ call, method, path }));
}
