import { z } from 'zod';
import type { AttributeValue, Span } from './span.ts';

// OTLP as JSON: https://opentelemetry.io/docs/specs/otlp/#json-protobuf-encoding. Ids are hex, 64-bit numbers may be text.

const int64 = z.union([z.string(), z.number()]);
const hexId = (length: number) => z.string().regex(new RegExp(`^[0-9a-f]{${length}}$`, 'i'));

const anyValue: z.ZodType<AttributeValue> = z.lazy(() =>
  z.union([
    z.object({ stringValue: z.string() }).transform((value) => value.stringValue),
    z.object({ boolValue: z.boolean() }).transform((value) => value.boolValue),
    z.object({ intValue: int64 }).transform((value) => Number(value.intValue)),
    z.object({ doubleValue: z.number() }).transform((value) => value.doubleValue),
    z
      .object({ arrayValue: z.object({ values: z.array(anyValue).default([]) }) })
      .transform((value) => value.arrayValue.values),
    // Maps and bytes: shown as they came.
    z.looseObject({}).transform((value) => JSON.stringify(value)),
  ]),
);

const attributes = z
  .array(z.object({ key: z.string(), value: anyValue.optional() }))
  .default([])
  .transform((list) =>
    Object.fromEntries(list.flatMap(({ key, value }) => (value === undefined ? [] : [[key, value]]))),
  );

const nanoTime = int64.transform((nanoseconds) => Number(BigInt(nanoseconds) / 1000n) / 1000);

const KINDS = ['internal', 'internal', 'server', 'client', 'producer', 'consumer'] as const;
const STATUS_ERROR = 2;

const span = z.object({
  traceId: hexId(32),
  spanId: hexId(16),
  parentSpanId: z.union([hexId(16), z.literal('')]).optional(),
  name: z.string(),
  kind: z.int().min(0).max(5).default(0),
  startTimeUnixNano: nanoTime,
  endTimeUnixNano: nanoTime,
  attributes,
  status: z.object({ code: z.int().default(0), message: z.string().optional() }).default({ code: 0 }),
  events: z.array(z.object({ name: z.string().default(''), timeUnixNano: nanoTime, attributes })).default([]),
  links: z.array(z.object({ traceId: hexId(32), spanId: hexId(16) })).default([]),
});

const traceRequest = z.object({
  resourceSpans: z
    .array(
      z.object({
        resource: z.object({ attributes }).default({ attributes: {} }),
        scopeSpans: z.array(z.object({ spans: z.array(span).default([]) })).default([]),
      }),
    )
    .default([]),
});

/**
 * The spans of an ExportTraceServiceRequest in JSON.
 * @throws z.ZodError for what is none
 */
export function readSpans(body: unknown): Span[] {
  return traceRequest.parse(body).resourceSpans.flatMap(({ resource, scopeSpans }) => {
    const named = resource.attributes['service.name'];
    const service = typeof named === 'string' ? named : 'unknown';
    return scopeSpans.flatMap(({ spans }) => spans.map((one) => toSpan(one, service)));
  });
}

function toSpan(one: z.output<typeof span>, service: string): Span {
  return {
    traceId: one.traceId.toLowerCase(),
    spanId: one.spanId.toLowerCase(),
    parentSpanId: one.parentSpanId?.toLowerCase() || undefined,
    service,
    name: one.name,
    kind: KINDS[one.kind] ?? 'internal',
    startMs: one.startTimeUnixNano,
    endMs: one.endTimeUnixNano,
    failed: one.status.code === STATUS_ERROR,
    statusMessage: one.status.message || undefined,
    attributes: one.attributes,
    events: one.events.map(({ name, timeUnixNano, attributes: details }) => ({
      name,
      timeMs: timeUnixNano,
      attributes: details,
    })),
    links: one.links,
  };
}
