import { eventually } from '@zoco/testing';
import type { ReceivedSpan, SpanReceiver } from './span-receiver.ts';

export const KINDS = ['', 'internal', 'server', 'client', 'producer', 'consumer'];

/** Who did what, such as `orders server POST /internal/orders`. */
export const labelOf = ({ service, kind, name }: ReceivedSpan) => `${service} ${KINDS[kind]} ${name}`;

export const isOfDatabase = (span: ReceivedSpan) => span.attributes['db.system.name'] !== undefined;

/** All spans of a trace, once those with the labels `last` are among them and none lacks its parent. */
export function wholeTrace(
  receiver: SpanReceiver,
  traceId: string,
  clientSpanId: string,
  last: readonly string[],
): Promise<ReceivedSpan[]> {
  return eventually(() => {
    const spans = receiver.ofTrace(traceId);
    const known = new Set([clientSpanId, ...spans.map(({ spanId }) => spanId)]);
    const labels = new Set(spans.map(labelOf));
    const missing = last.filter((label) => !labels.has(label));
    const orphans = spans.filter(({ parentSpanId }) => !known.has(parentSpanId ?? '')).map(labelOf);
    if (missing.length === 0 && orphans.length === 0) return spans;
    throw new Error(
      `missing: ${missing.join(', ') || 'none'}; without parent: ${orphans.join(', ') || 'none'}`,
    );
  });
}

/** From the door to the span with that label, without what the database did. */
export function pathTo(spans: readonly ReceivedSpan[], label: string): string[] {
  const path: string[] = [];
  let at = spans.find((span) => labelOf(span) === label);
  for (; at !== undefined; at = spans.find(({ spanId }) => spanId === at?.parentSpanId))
    if (!isOfDatabase(at)) path.unshift(labelOf(at));
  return path;
}
