import type { Span } from './span.ts';

/** What one trace looks like from afar. */
export interface TraceSummary {
  readonly traceId: string;
  /** Of the first span that has no parent here. */
  readonly name: string;
  readonly startMs: number;
  readonly durationMs: number;
  readonly spanCount: number;
  /** In the order in which they came into it. */
  readonly services: readonly string[];
  readonly failed: boolean;
}

export interface TraceFilter {
  readonly service?: string | undefined;
  /** Part of the name, in any case. */
  readonly name?: string | undefined;
  readonly durationMinMs?: number | undefined;
  readonly failedOnly?: boolean | undefined;
}

/** The latest spans, in memory. */
export interface TraceStore {
  add(spans: readonly Span[]): void;
  /** Spans of a trace in the order of their start; empty when it is not known (any more). */
  spansOf(traceId: string): readonly Span[];
  /** Newest first. */
  list(filter: TraceFilter, limit: number): TraceSummary[];
  services(): readonly string[];
  readonly spanCount: number;
}

/** @param spansMax the oldest traces are forgotten when there are more */
export function createTraceStore(spansMax = 100_000): TraceStore {
  // A Map keeps the order in which its keys came, so the first one is the oldest trace.
  const traces = new Map<string, Span[]>();
  let spanCount = 0;

  function forget(): void {
    for (const [traceId, spans] of traces) {
      if (spanCount <= spansMax) return;
      traces.delete(traceId);
      spanCount -= spans.length;
    }
  }

  return {
    add(spans) {
      for (const span of spans) {
        const known = traces.get(span.traceId);
        if (known === undefined) traces.set(span.traceId, [span]);
        else known.push(span);
        spanCount += 1;
      }
      forget();
    },
    spansOf: (traceId) => (traces.get(traceId) ?? []).toSorted(byStart),
    list(filter, limit) {
      return [...traces.values()]
        .map(summarize)
        .filter((trace) => matches(trace, filter))
        .toSorted((a, b) => b.startMs - a.startMs)
        .slice(0, limit);
    },
    services: () => [...new Set([...traces.values()].flat().map(({ service }) => service))].toSorted(),
    get spanCount() {
      return spanCount;
    },
  };
}

/** @param spans at least one, of one trace */
export function summarize(spans: readonly Span[]): TraceSummary {
  const ordered = spans.toSorted(byStart);
  const present = new Set(ordered.map(({ spanId }) => spanId));
  const root = ordered.find(({ parentSpanId }) => parentSpanId === undefined || !present.has(parentSpanId));
  const startMs = ordered[0]?.startMs ?? 0;
  return {
    traceId: root?.traceId ?? '',
    name: root?.name ?? '',
    startMs,
    durationMs: Math.max(...ordered.map(({ endMs }) => endMs)) - startMs,
    spanCount: ordered.length,
    services: [...new Set(ordered.map(({ service }) => service))],
    failed: ordered.some(({ failed }) => failed),
  };
}

function matches(
  trace: TraceSummary,
  { service, name, durationMinMs = 0, failedOnly }: TraceFilter,
): boolean {
  return (
    (service === undefined || trace.services.includes(service)) &&
    (name === undefined || trace.name.toLowerCase().includes(name.toLowerCase())) &&
    trace.durationMs >= durationMinMs &&
    (failedOnly !== true || trace.failed)
  );
}

function byStart(a: Span, b: Span): number {
  return a.startMs - b.startMs;
}
