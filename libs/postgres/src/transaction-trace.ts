import {
  type Attributes,
  type Context,
  context,
  propagation,
  type Span,
  SpanKind,
  SpanStatusCode,
  trace,
  TraceFlags,
  type Tracer,
} from '@opentelemetry/api';
import { findPostgresError } from './failures.ts';

/** A statement as the driver holds it. */
export interface TracedStatement {
  readonly strings: readonly string[];
}

/** Makes spans of the statements of one transaction, each said in some context. */
export type TraceStatement = (statement: TracedStatement, saidIn: Context) => StatementSpan | undefined;

export interface StatementSpan {
  end(error?: unknown): void;
}

// Asked for at each use, as telemetry may start later, or anew.
const tracer = (): Tracer => trace.getTracer('@zoco/postgres');
const TEXT_MAX = 1000;

/** Where the statements go. */
export interface TraceTarget {
  readonly database: string;
  readonly host: string;
  readonly port: number;
}

export function traceTarget(url: string): TraceTarget {
  const { hostname, port, pathname } = new URL(url);
  return { database: decodeURIComponent(pathname.slice(1)), host: hostname, port: Number(port || 5432) };
}

/**
 * Runs a transaction in a span, with a span for each of its statements, when the active span is recorded; for all others it costs one
 * look. Texts of statements have no values in them.
 * @see https://opentelemetry.io/docs/specs/semconv/database/postgresql/
 */
export function traced<T>(
  target: TraceTarget,
  mode: string,
  run: (traceStatement: TraceStatement | undefined) => Promise<T>,
): Promise<T> {
  if (!isRecorded(trace.getActiveSpan())) return run(undefined);
  const span = startTransaction(target, { 'zoco.transaction.mode': mode });
  const inside = trace.setSpan(context.active(), span);
  return context.with(inside, async () => {
    try {
      const value = await run((statement) => startStatement(target, statement, inside));
      span.end();
      return value;
    } catch (error) {
      end(span, error);
      throw error;
    }
  });
}

/** Each statement goes to the trace of whoever said it, when that is recorded: for a transaction that many share. */
export function traceBySpeaker(target: TraceTarget): TraceStatement {
  return (statement, saidIn) =>
    isRecorded(trace.getSpan(saidIn)) ? startStatement(target, statement, saidIn) : undefined;
}

/** One work's part of a transaction that many share, in the trace of that work. */
export interface ShareSpan {
  run<R>(work: () => R): R;
  end(error?: unknown): void;
}

/** Starts the span of a part in the active trace. @param works how many share the transaction */
export function startShare(target: TraceTarget, works: number): ShareSpan {
  const span = startTransaction(target, {
    'zoco.transaction.mode': 'shared',
    'zoco.transaction.works': works,
  });
  const inside = trace.setSpan(context.active(), span);
  return {
    run: (work) => context.with(inside, work),
    end: (error) => end(span, error),
  };
}

function startTransaction(target: TraceTarget, attributes: Attributes): Span {
  return tracer().startSpan(`transaction ${target.database}`, {
    kind: SpanKind.CLIENT,
    attributes: {
      ...attributesOf(target),
      'server.address': target.host,
      'server.port': target.port,
      'db.operation.name': 'transaction',
      ...attributes,
    },
  });
}

function startStatement(target: TraceTarget, { strings }: TracedStatement, parent: Context): StatementSpan {
  const { summary, text } = described(strings);
  const span = tracer().startSpan(
    summary,
    {
      kind: SpanKind.CLIENT,
      attributes: { ...attributesOf(target), 'db.query.summary': summary, 'db.query.text': text },
    },
    parent,
  );
  return { end: (error) => end(span, error) };
}

const attributesOf = ({ database }: TraceTarget): Attributes => ({
  'db.system.name': 'postgresql',
  'db.namespace': database,
});

/** Also of a span that has ended, whose trace goes on: work that a request or an event leaves behind. */
export function isRecorded(span: Span | undefined): boolean {
  if (span === undefined) return false;
  if (span.isRecording()) return true;
  return (span.spanContext().traceFlags & TraceFlags.SAMPLED) !== 0 && propagation.fields().length > 0;
}

/** Refusals by rules also roll back: only what Postgres or the way to it did is an error of the span. */
function end(span: Span, error: unknown): void {
  const failure = error === undefined ? undefined : findPostgresError(error);
  if (failure !== undefined) {
    span.setStatus({ code: SpanStatusCode.ERROR, message: failure.message });
    span.setAttributes({ 'error.type': failure.code, 'db.response.status_code': failure.code });
  }
  span.end();
}

interface Described {
  /** Operation and first table, such as `insert outbox`: few, whatever the values. */
  readonly summary: string;
  readonly text: string;
}

const known = new WeakMap<readonly string[], Described>();

function described(strings: readonly string[]): Described {
  const found = known.get(strings);
  if (found !== undefined) return found;
  const text = strings.reduce((before, part, index) => `${before}$${index}${part}`);
  const fresh = { summary: summaryOf(text), text: text.replaceAll(/\s+/g, ' ').trim().slice(0, TEXT_MAX) };
  known.set(strings, fresh);
  return fresh;
}

const TARGET =
  /\b(?:(insert)\s+into|(update)|(delete)\s+from|(select)\b[\s\S]*?\bfrom)\s+(?:only\s+)?"?([a-z_]\w*)/i;
const CALL = /^\s*select\s+(\w+)\s*\(/i;

/** @see https://opentelemetry.io/docs/specs/semconv/database/database-spans/#generating-a-summary-of-the-query */
export function summaryOf(text: string): string {
  const call = CALL.exec(text)?.[1];
  const match = TARGET.exec(text);
  if (match === null)
    return call === undefined ? (/\w+/.exec(text)?.[0] ?? 'query').toLowerCase() : `select ${call}`;
  const [, insert, update, remove, select, table = ''] = match;
  return `${(insert ?? update ?? remove ?? select ?? '').toLowerCase()} ${table.toLowerCase()}`;
}
