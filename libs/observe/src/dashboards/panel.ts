import {
  BarGaugeDisplayMode,
  BigValueColorMode,
  BigValueGraphMode,
  BigValueJustifyMode,
  BigValueTextMode,
  type DashboardLink,
  type FieldConfigSource,
  GraphDrawStyle,
  type GraphFieldConfig,
  GraphThresholdsStyleMode,
  LegendDisplayMode,
  type OptionsWithLegend,
  type OptionsWithTooltip,
  type Panel,
  PercentChangeColorMode,
  type SingleStatBaseOptions,
  SortOrder,
  StackingMode,
  TooltipDisplayMode,
  VisibilityMode,
  VizOrientation,
} from '@grafana/schema';
import type { Query } from './query.ts';
import { type DataLink, fieldConfig, type Steps } from './field.ts';

/** A panel before it has a place. Width in columns of 24, height in rows of 30 px. */
export interface PanelDraft {
  readonly width: number;
  readonly height: number;
  readonly panel: Omit<Panel, 'id' | 'gridPos'>;
}

export interface PanelText {
  readonly title: string;
  /** What it shows and when to worry; the (i) beside the title. */
  readonly description: string;
  readonly queries: readonly Query[];
  /** Grafana's name of a unit: `reqps`, `s`, `percentunit`, `short`, `currencyEUR` … */
  readonly unit: string;
  readonly decimals?: number;
  /** Colours by value, from the lowest on. */
  readonly steps?: Steps;
  readonly width?: number;
  readonly height?: number;
  readonly links?: readonly DashboardLink[];
  readonly dataLinks?: readonly DataLink[];
}

const DATASOURCE = { type: 'prometheus', uid: '${datasource}' };

function base(type: string, text: PanelText): PanelDraft['panel'] {
  return {
    type,
    title: text.title,
    description: text.description,
    datasource: DATASOURCE,
    targets: text.queries.map(({ expr, legend, exemplar = false, instant = false }, index) => ({
      refId: String.fromCodePoint(65 + index),
      datasource: DATASOURCE,
      editorMode: 'code',
      expr,
      legendFormat: legend === '' ? '__auto' : legend,
      exemplar,
      instant,
      range: !instant,
      format: type === 'table' ? 'table' : 'time_series',
    })),
    fieldConfig: fieldConfig(text),
    ...(text.links === undefined ? {} : { links: [...text.links] }),
  };
}

/** Curves over time, worst first in the legend. */
export function curves(text: PanelText & { readonly stacked?: boolean; readonly max?: number }): PanelDraft {
  const custom: GraphFieldConfig = {
    drawStyle: GraphDrawStyle.Line,
    lineWidth: 1,
    fillOpacity: text.stacked ? 40 : 10,
    showPoints: VisibilityMode.Never,
    spanNulls: false,
    stacking: { mode: text.stacked ? StackingMode.Normal : StackingMode.None, group: 'A' },
    axisSoftMin: 0,
    ...(text.steps === undefined ? {} : { thresholdsStyle: { mode: GraphThresholdsStyleMode.Dashed } }),
  };
  const options: OptionsWithLegend & OptionsWithTooltip = {
    legend: {
      displayMode: LegendDisplayMode.List,
      placement: 'bottom',
      showLegend: true,
      calcs: [],
    },
    tooltip: { mode: TooltipDisplayMode.Multi, sort: SortOrder.Descending },
  };
  const panel = base('timeseries', text);
  const config: FieldConfigSource = panel.fieldConfig ?? { defaults: {}, overrides: [] };
  return {
    width: text.width ?? 8,
    height: text.height ?? 8,
    panel: {
      ...panel,
      options: { ...options },
      fieldConfig: {
        ...config,
        defaults: {
          ...config.defaults,
          min: 0,
          ...(text.max === undefined ? {} : { max: text.max }),
          custom: { ...custom },
        },
      },
    },
  };
}

/** One number (or one per series) that is to be read from across the room. */
export function number(text: PanelText & { readonly sparkline?: boolean }): PanelDraft {
  const options: SingleStatBaseOptions & Record<string, unknown> = {
    reduceOptions: { calcs: ['lastNotNull'], fields: '', values: false },
    orientation: VizOrientation.Auto,
    textMode: text.queries.some(({ legend }) => legend !== '')
      ? BigValueTextMode.Auto
      : BigValueTextMode.Value,
    colorMode: text.steps === undefined ? BigValueColorMode.None : BigValueColorMode.Background,
    graphMode: text.sparkline ? BigValueGraphMode.Area : BigValueGraphMode.None,
    justifyMode: BigValueJustifyMode.Auto,
    percentChangeColorMode: PercentChangeColorMode.Standard,
    showPercentChange: false,
    wideLayout: true,
  };
  return { width: text.width ?? 4, height: text.height ?? 4, panel: { ...base('stat', text), options } };
}

/** A bar per series, by size. */
export function bars(text: PanelText): PanelDraft {
  const options: SingleStatBaseOptions & Record<string, unknown> = {
    reduceOptions: { calcs: ['lastNotNull'], fields: '', values: false },
    orientation: VizOrientation.Horizontal,
    displayMode: BarGaugeDisplayMode.Basic,
    showUnfilled: true,
    valueMode: 'color',
    namePlacement: 'auto',
    sizing: 'auto',
    minVizWidth: 8,
    minVizHeight: 16,
    maxVizHeight: 300,
  };
  return { width: text.width ?? 8, height: text.height ?? 8, panel: { ...base('bargauge', text), options } };
}

/** Rows with one column per query, joined by their label. */
export function table(
  text: PanelText & {
    /** Title of each query's column, and its unit when it is another one. */
    readonly columns: readonly { readonly title: string; readonly unit?: string }[];
    /** Title of the column by which rows are sorted, largest first. */
    readonly sortBy: string;
  },
): PanelDraft {
  const panel = base('table', text);
  const names: Record<string, string> = {};
  for (const [index, { title }] of text.columns.entries()) {
    names[text.columns.length === 1 ? 'Value' : `Value #${String.fromCodePoint(65 + index)}`] = title;
  }
  const config: FieldConfigSource = panel.fieldConfig ?? { defaults: {}, overrides: [] };
  return {
    width: text.width ?? 12,
    height: text.height ?? 8,
    panel: {
      ...panel,
      fieldConfig: {
        ...config,
        overrides: [
          ...config.overrides,
          ...text.columns.flatMap(({ title, unit }) =>
            unit === undefined
              ? []
              : [{ matcher: { id: 'byName', options: title }, properties: [{ id: 'unit', value: unit }] }],
          ),
        ],
      },
      options: { showHeader: true, cellHeight: 'sm', sortBy: [{ displayName: text.sortBy, desc: true }] },
      transformations: [
        { id: 'merge', options: {} },
        {
          id: 'organize',
          options: { excludeByName: { Time: true }, renameByName: names },
        },
      ],
    },
  };
}
