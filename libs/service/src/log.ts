import { trace } from '@opentelemetry/api';
import {
  type Bindings,
  type ChildLoggerOptions,
  type DestinationStream,
  type Logger as PinoLogger,
  pino,
} from 'pino';
import { withoutSecrets } from './redaction.ts';

export type Logger = PinoLogger;

// A line written by itself takes as long as an SQL statement. Only SIGKILL can lose those that still wait.
const WAIT_MS = 50;
const WAITING_BYTES_MAX = 8 * 1024;

/** JSON lines on stdout with trace ids; fields that carry secrets are replaced before they are written. */
export function createLogger(options: { service: string; version: string; level: string }): Logger {
  const settings = {
    level: options.level,
    base: { service: options.service, version: options.version },
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { log: fieldsOf },
    serializers: { err: (error: Error) => withoutSecrets({ ...pino.stdSerializers.err(error) }) },
    mixin() {
      const span = trace.getActiveSpan()?.spanContext();
      return span ? { trace_id: span.traceId, span_id: span.spanId } : {};
    },
  };
  const log = pino(settings, (stdout ??= gatheredLines()));
  const makeChild: Logger['child'] = Reflect.get(log, 'child');
  // Inherited by children, which pino gives no formatter of its own.
  return Object.assign(log, {
    child(this: Logger, bindings: Bindings, childOptions?: ChildLoggerOptions) {
      return Reflect.apply(makeChild, this, [withoutSecrets(bindings), childOptions]);
    },
  });
}

/** An error is written whole by its serializer, which looks through what it wrote. */
function fieldsOf(fields: Record<string, unknown>): Record<string, unknown> {
  if (!('err' in fields)) return withoutSecrets(fields);
  const { err, ...others } = fields;
  return { ...withoutSecrets(others), err };
}

/** One for all loggers of a process. */
let stdout: DestinationStream | undefined;

/** Lines of some milliseconds go out in one write; all of them at the end of the process, whatever ends it but SIGKILL. */
function gatheredLines(): DestinationStream {
  const lines = pino.destination({ dest: 1, sync: true, minLength: WAITING_BYTES_MAX });
  let timer: NodeJS.Timeout | undefined;
  const flush = () => {
    timer = undefined;
    lines.flush();
  };
  process.once('exit', flush);
  return {
    write(line) {
      timer ??= setTimeout(flush, WAIT_MS).unref();
      lines.write(line);
    },
  };
}
