import { streamOf } from '../event.ts';
import { CALLS, EVENTS, HANDLES, type InternalCall, PUBLIC_ROUTES } from '../graph.ts';
import { SERVICE_NAMES, SERVICES, type ServiceName } from '../services.ts';

const START = '<!-- generated from libs/contracts by `npm run generate`: begin -->';
const END = '<!-- generated: end -->';

/**
 * Who calls whom and who handles whose events, as Mermaid. What every service does alike (asking users for tenants, watching
 * their settings) would only hide the rest and is left out.
 */
export function graphDiagram(): string {
  const owners = SERVICE_NAMES.filter((name) => SERVICES[name].database);
  const producers = new Set(EVENTS.map((event) => event.producer));
  return [
    'flowchart LR',
    '  client([clients]) --> gateway',
    ...[...new Set(PUBLIC_ROUTES.map(({ service }) => service))].map((name) => `  gateway --> ${name}`),
    ...callEdges(),
    ...owners.map((name) => `  ${name} --- ${name}_db[(zoco_${name})]`),
    ...[...producers].map((name) => `  ${name} ==> ${streamOf(name)}{{${streamOf(name)}}}`),
    ...SERVICE_NAMES.flatMap(handleEdges),
  ].join('\n');
}

/** `page` with its generated block brought up to date. @throws Error when the page has no such block */
export function withDiagram(page: string): string {
  const [from, to] = [page.indexOf(START), page.indexOf(END)];
  if (from < 0 || to < from) throw new Error(`the page has no block between ${START} and ${END}`);
  return `${page.slice(0, from)}${START}\n\n\`\`\`mermaid\n${graphDiagram()}\n\`\`\`\n\n${page.slice(to)}`;
}

function callEdges(): string[] {
  const calls: [string, InternalCall][] = Object.entries(CALLS);
  const telling = calls.filter(([, { callers }]) => callers.length < SERVICE_NAMES.length - 1);
  const edges = Map.groupBy(
    telling.flatMap(([name, { callee, callers }]) =>
      callers.map((caller) => ({ name, edge: `${caller} ${callee}` })),
    ),
    ({ edge }) => edge,
  );
  return [...edges].map(([edge, names]) => {
    const [caller, callee] = edge.split(' ');
    return `  ${caller} -->|${names.map(({ name }) => name).join('<br>')}| ${callee}`;
  });
}

function handleEdges(consumer: ServiceName): string[] {
  const byProducer = Map.groupBy(HANDLES[consumer], (event) => event.producer);
  return [...byProducer].map(
    ([producer, events]) =>
      `  ${streamOf(producer)} -.->|${events.map(({ type }) => type).join('<br>')}| ${consumer}`,
  );
}
