import {
  type Dashboard,
  DashboardCursorSync,
  type DashboardLink,
  type Panel,
  type RowPanel,
  VariableHide,
  type VariableModel,
} from '@grafana/schema';
import type { DataLink } from './field.ts';
import type { PanelDraft } from './panel.ts';

/** Panels under a heading. */
export interface Section {
  readonly title: string;
  readonly panels: readonly PanelDraft[];
}

export interface DashboardDraft {
  /** Of the file, and of the address in Grafana (`zoco-<name>`). */
  readonly name: string;
  readonly title: string;
  readonly description: string;
  readonly variables?: readonly VariableModel[];
  readonly sections: readonly Section[];
}

// The newest version that Grafana 12 writes; newer ones read it and migrate.
const SCHEMA_VERSION = 41;
const COLUMNS = 24;
const TAG = 'zoco';

/** The dashboard as Grafana reads it. */
export function buildDashboard({
  name,
  title,
  description,
  variables = [],
  sections,
}: DashboardDraft): Dashboard {
  return {
    uid: `zoco-${name}`,
    title: `Zoco / ${title}`,
    description,
    tags: [TAG],
    schemaVersion: SCHEMA_VERSION,
    version: 1,
    editable: true,
    graphTooltip: DashboardCursorSync.Crosshair,
    timezone: 'browser',
    time: { from: 'now-1h', to: 'now' },
    refresh: '30s',
    templating: { list: [...sources(), namespace, ...variables] },
    annotations: { list: [] },
    links: links(),
    panels: place(sections),
  };
}

function sources(): VariableModel[] {
  const source = (name: string, label: string, type: string): VariableModel => ({
    name,
    label,
    type: 'datasource',
    query: type,
    hide: VariableHide.dontHide,
    includeAll: false,
    multi: false,
    options: [],
    regex: '',
  });
  return [
    source('datasource', 'Metrics', 'prometheus'),
    source('traces', 'Traces', 'tempo'),
    source('logs', 'Logs', 'loki'),
  ];
}

const namespace = labelVariable('namespace', 'Namespace', 'label_values(zoco_build_info, namespace)');

/** A variable whose values come from Prometheus. */
export function labelVariable(name: string, label: string, expr: string): VariableModel {
  return {
    name,
    label,
    type: 'query',
    datasource: { type: 'prometheus', uid: '${datasource}' },
    query: { query: expr, refId: name },
    // When the time range changes: a namespace may be gone, or new.
    refresh: 2,
    sort: 1,
    hide: VariableHide.dontHide,
    includeAll: false,
    multi: false,
    options: [],
    regex: '',
  };
}

function links(): DashboardLink[] {
  return [
    {
      type: 'dashboards',
      title: 'Zoco',
      tooltip: 'The other dashboards',
      tags: [TAG],
      asDropdown: false,
      icon: 'external link',
      includeVars: true,
      keepTime: true,
      targetBlank: false,
    },
  ];
}

/** Link to a dashboard with the same namespace and time, more variables as given. */
export function toDashboard(
  title: string,
  name: string,
  variables: Readonly<Record<string, string>> = {},
): DataLink {
  const more = Object.entries(variables).map(([key, value]) => `&var-${key}=${value}`);
  return {
    title,
    url: `/d/zoco-${name}?\${datasource:queryparam}&\${namespace:queryparam}${more.join('')}&\${__url_time_range}`,
  };
}

/** Link to the traces of a TraceQL query, in Grafana's Explore. */
export function toTraces(title: string, traceql: string): DataLink {
  return explore(title, 'traces', { queryType: 'traceql', query: traceql, limit: 20 });
}

/** Link to the log lines of a LogQL query. */
export function toLogs(title: string, logql: string): DataLink {
  return explore(title, 'logs', { expr: logql });
}

function explore(title: string, source: 'traces' | 'logs', query: Record<string, unknown>): DataLink {
  const pane = {
    datasource: `\${${source}}`,
    queries: [{ refId: 'A', datasource: { uid: `\${${source}}` }, ...query }],
    range: { from: '${__from}', to: '${__to}' },
  };
  // Variables have to stay readable for Grafana; everything else is encoded.
  const panes = encodeURIComponent(JSON.stringify({ zoco: pane })).replaceAll(
    /%24%7B([\w.]+)%7D/g,
    (_match, name: string) => `\${${name}}`,
  );
  return { title, url: `/explore?schemaVersion=1&panes=${panes}` };
}

/** Rows of panels from left to right; a heading begins a new row. */
function place(sections: readonly Section[]): (Panel | RowPanel)[] {
  const placed: (Panel | RowPanel)[] = [];
  let y = 0;
  for (const { title, panels } of sections) {
    placed.push({
      id: placed.length + 1,
      type: 'row',
      title,
      collapsed: false,
      gridPos: { x: 0, y, w: COLUMNS, h: 1 },
      panels: [],
    });
    y += 1;
    let x = 0;
    let rowHeight = 0;
    for (const { width, height, panel } of panels) {
      if (x + width > COLUMNS) {
        y += rowHeight;
        x = 0;
        rowHeight = 0;
      }
      placed.push({ id: placed.length + 1, ...panel, gridPos: { x, y, w: width, h: height } });
      x += width;
      rowHeight = Math.max(rowHeight, height);
    }
    y += rowHeight;
  }
  return placed;
}
