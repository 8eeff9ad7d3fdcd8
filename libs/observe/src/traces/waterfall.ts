import type { Span } from './span.ts';

/** A span at its place in the picture of a trace. */
export interface Bar {
  readonly span: Span;
  /** How many spans stand above it. */
  readonly depth: number;
  /** From the start of the trace, as a share of its length, 0 to 1. */
  readonly offset: number;
  readonly length: number;
}

/**
 * The spans of a trace as a tree, parents before children, siblings by start. A span whose parent is not here (not
 * arrived, or not sampled) counts as a root; so does one of a circle that broken ids make.
 */
export function waterfall(spans: readonly Span[]): Bar[] {
  const ids = new Set(spans.map(({ spanId }) => spanId));
  const children = new Map<string | undefined, Span[]>();
  for (const span of spans.toSorted((a, b) => a.startMs - b.startMs)) {
    const { parentSpanId, spanId } = span;
    const parent = parentSpanId !== undefined && parentSpanId !== spanId && ids.has(parentSpanId);
    const key = parent ? parentSpanId : undefined;
    children.set(key, [...(children.get(key) ?? []), span]);
  }
  const startMs = Math.min(...spans.map((span) => span.startMs));
  const lengthMs = Math.max(...spans.map((span) => span.endMs)) - startMs || 1;
  const bars: Bar[] = [];
  const placed = new Set<Span>();

  function place(span: Span, depth: number): void {
    if (placed.has(span)) return;
    placed.add(span);
    const offset = (span.startMs - startMs) / lengthMs;
    bars.push({ span, depth, offset, length: (span.endMs - span.startMs) / lengthMs });
    for (const child of children.get(span.spanId) ?? []) place(child, depth + 1);
  }

  for (const root of children.get(undefined) ?? []) place(root, 0);
  for (const span of spans) place(span, 0);
  return bars;
}
