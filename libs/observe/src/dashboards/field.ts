import { type FieldConfigSource, FieldColorModeId, ThresholdsMode } from '@grafana/schema';

/** Colours by value: `[['green'], ['red', 5]]` is green below 5 and red from there on. */
export type Steps = readonly (readonly [colour: string, from?: number])[];

/** Where a click on a series leads. */
export interface DataLink {
  readonly title: string;
  readonly url: string;
}

/** Good while it is 0. */
export const ZERO_IS_GOOD: Steps = [['green'], ['red', 1]];

/** How values are shown. */
export function fieldConfig({
  unit,
  decimals,
  steps,
  dataLinks = [],
}: {
  readonly unit: string;
  readonly decimals?: number;
  readonly steps?: Steps;
  readonly dataLinks?: readonly DataLink[];
}): FieldConfigSource {
  return {
    defaults: {
      unit,
      ...(decimals === undefined ? {} : { decimals }),
      color: { mode: steps === undefined ? FieldColorModeId.PaletteClassic : FieldColorModeId.Thresholds },
      thresholds: {
        mode: ThresholdsMode.Absolute,
        steps: (steps ?? [['green']]).map(([color, from]) => ({ color, value: from ?? null })),
      },
      links: dataLinks.map(({ title, url }) => ({ title, url, targetBlank: false })),
    },
    overrides: [],
  };
}
