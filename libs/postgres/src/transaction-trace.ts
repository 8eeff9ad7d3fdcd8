import {
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

/** Makes spans of the statements of one transaction. */
export type TraceStatement = (statement: TracedStatement) => StatementSpan | undefined;

export interface StatementSpan {
  end(error?: unknown): void;
}

const tracer: Tracer = trace.getTracer('@zoco/postgres');
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
  const attributes = { 'db.system.name': 'postgresql', 'db.namespace': target.database };
  const span = tracer.startSpan(`transaction ${target.database}`, {
    kind: SpanKind.CLIENT,
    attributes: {
      ...attributes,
      'server.address': target.host,
      'server.port': target.port,
      'db.operation.name': 'transaction',
      'zoco.transaction.mode': mode,
    },
  });
  const inside = trace.setSpan(context.active(), span);
  const traceStatement: TraceStatement = ({ strings }) => {
    const { summary, text } = described(strings);
    const statement = tracer.startSpan(
      summary,
      {
        kind: SpanKind.CLIENT,
        attributes: { ...attributes, 'db.query.summary': summary, 'db.query.text': text },
      },
      inside,
    );
    return { end: (error) => end(statement, error) };
  };
  return context.with(inside, async () => {
    try {
      const value = await run(traceStatement);
      span.end();
      return value;
    } catch (error) {
      end(span, error);
      throw error;
    }
  });
}

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
