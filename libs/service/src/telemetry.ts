import { randomFillSync } from 'node:crypto';
import {
  type Attributes,
  type Context,
  context,
  isSpanContextValid,
  type Link,
  propagation,
  ROOT_CONTEXT,
  type Span,
  type SpanContext,
  type SpanKind,
  SpanStatusCode,
  trace,
  TraceFlags,
} from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { Problem } from '@zoco/kernel';

export interface TelemetryOptions {
  readonly service: string;
  readonly version: string;
  /** OTLP/HTTP endpoint; without it no SDK is loaded and spans only carry ids. */
  readonly endpoint?: string | undefined;
  /** Share of new traces that are recorded, 0 to 1. */
  readonly sampleRatio: number;
  /** Whether callers decide if a trace of theirs is recorded. Default true; at the door to the outside they must not. */
  readonly parentDecides?: boolean;
}

const TRACEPARENT = /^00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})$/;
// Asked for at each use: a tracer that was got early keeps to the provider of then, also when telemetry has ended and started anew.
const tracer = () => trace.getTracer('zoco');

type Sampling = Pick<TelemetryOptions, 'sampleRatio' | 'parentDecides'>;
const NOTHING: Sampling = { sampleRatio: 0 };

/** Which traces are recorded; none, unless an exporter runs. */
let sampling = NOTHING;

/** Turns on context propagation, and the exporter when an endpoint is given. Dispose to flush and to turn both off again. */
export async function startTelemetry(options: TelemetryOptions): Promise<AsyncDisposable> {
  await using started = new AsyncDisposableStack();
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  started.defer(() => context.disable());
  if (options.endpoint !== undefined) {
    const { startExporter } = await import('./telemetry-exporter.ts');
    started.use(startExporter(options, options.endpoint));
    sampling = options;
    started.defer(() => {
      sampling = NOTHING;
    });
  }
  return started.move();
}

export interface SpanOptions {
  readonly kind: SpanKind;
  readonly attributes?: Attributes;
  /** W3C traceparent of the caller; default: the active span. */
  readonly parent?: string | undefined;
  /** W3C traceparents of other spans that led to this one. */
  readonly links?: readonly string[];
}

/**
 * Runs `work` inside a span. Expected failures (`Problem`) leave its status alone, bugs mark it as failed.
 * @see https://www.w3.org/TR/trace-context/
 */
export function inSpan<T>(name: string, options: SpanOptions, work: (span: Span) => Promise<T>): Promise<T> {
  const parent = options.parent === undefined ? parentContext() : contextOf(options.parent);
  const unrecorded = unrecordedSpan(parent);
  // Most requests are not recorded, and the SDK takes its time to find that out.
  if (unrecorded !== undefined) return context.with(parent, work, undefined, unrecorded);
  return tracer().startActiveSpan(name, toTracer(options), parent, async (span) => {
    try {
      return await work(span);
    } catch (error) {
      if (!(error instanceof Problem)) failSpan(span, error);
      throw error;
    } finally {
      span.end();
    }
  });
}

/** The same for a detail that is worth a span only where its trace is recorded: in all other traces it costs one look. */
export function inDetailSpan<T>(
  name: string,
  options: () => SpanOptions,
  work: (span: Span | undefined) => Promise<T>,
): Promise<T> {
  const isRoot = trace.getActiveSpan() === undefined;
  return isRoot || isRecorded() ? inSpan(name, options(), work) : work(undefined);
}

/** Whether the active trace goes to a collector, be it that the span has ended: work that a request or an event leaves behind. */
export function isRecorded(): boolean {
  const span = trace.getActiveSpan();
  if (span === undefined) return false;
  if (span.isRecording()) return true;
  return (span.spanContext().traceFlags & TraceFlags.SAMPLED) !== 0 && propagation.fields().length > 0;
}

/** Whether the trace of a traceparent goes to a collector, as its root has decided. */
export function isSampled(traceparent: string): boolean {
  return ((spanContextOf(traceparent)?.traceFlags ?? 0) & TraceFlags.SAMPLED) !== 0;
}

/** Marks what a span stands for as failed. @param type stable name of the failure; default: the name of the error */
export function failSpan(span: Span, error: unknown, type?: string): void {
  const name = type ?? (error instanceof Error ? error.name : 'unknown');
  span.setAttribute('error.type', name);
  span.setStatus({
    code: SpanStatusCode.ERROR,
    ...(error instanceof Error ? { message: error.message } : {}),
  });
  if (error instanceof Error) span.recordException(error);
}

function toTracer({ kind, attributes, links }: SpanOptions) {
  return {
    kind,
    ...(attributes ? { attributes } : {}),
    ...(links ? { links: links.flatMap(linkOf) } : {}),
  };
}

function linkOf(traceparent: string): Link[] {
  const linked = spanContextOf(traceparent);
  return linked === undefined ? [] : [{ context: linked }];
}

/** The active span as a W3C traceparent, to send along with a request or an event. */
export function currentTraceparent(): string | undefined {
  const span = trace.getActiveSpan()?.spanContext();
  if (span === undefined) return undefined;
  return `00-${span.traceId}-${span.spanId}-${span.traceFlags.toString(16).padStart(2, '0')}`;
}

/** Id of the active trace, for logs and problem documents. */
export function currentTraceId(): string | undefined {
  return trace.getActiveSpan()?.spanContext().traceId;
}

function parentContext(): Context {
  const active = context.active();
  return trace.getSpan(active) ? active : newTrace();
}

function contextOf(traceparent: string): Context {
  const parent = spanContextOf(traceparent);
  return parent === undefined ? newTrace() : trace.setSpanContext(ROOT_CONTEXT, parent);
}

function spanContextOf(traceparent: string): SpanContext | undefined {
  const [, traceId, spanId, flags] = TRACEPARENT.exec(traceparent) ?? [];
  if (traceId === undefined || spanId === undefined || flags === undefined) return undefined;
  const found = { traceId, spanId, traceFlags: Number.parseInt(flags, 16) & 1, isRemote: true };
  // Ids of nothing but zeros have the right form and are invalid all the same.
  return isSpanContextValid(found) ? found : undefined;
}

const IDS_BYTES = 24;
// A call for each id would cost more than all else that a request does here.
const random = Buffer.allocUnsafe(IDS_BYTES * 256);
let randomUsed = random.length;

/** The span of a context whose trace is not recorded, and neither is anything below it. */
function unrecordedSpan(parent: Context): Span | undefined {
  const span = trace.getSpan(parent);
  const { traceFlags, isRemote = false } = span?.spanContext() ?? { traceFlags: TraceFlags.SAMPLED };
  if ((traceFlags & TraceFlags.SAMPLED) !== 0) return undefined;
  return isRemote && sampling.parentDecides === false ? undefined : span;
}

/** The SDK gives ids to a trace that is recorded; any other has them for logs and for those who are called. */
function newTrace(): Context {
  if (Math.random() < sampling.sampleRatio) return ROOT_CONTEXT;
  if (randomUsed === random.length) {
    randomFillSync(random);
    randomUsed = 0;
  }
  const ids = random.toString('hex', randomUsed, (randomUsed += IDS_BYTES));
  return trace.setSpanContext(ROOT_CONTEXT, {
    traceId: ids.slice(0, 32),
    spanId: ids.slice(32),
    traceFlags: 0,
  });
}
