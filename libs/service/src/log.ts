import { trace } from '@opentelemetry/api';
import { type DestinationStream, type Logger as PinoLogger, pino } from 'pino';

export type Logger = PinoLogger;

const SECRETS = [
  'authorization',
  'cookie',
  'password',
  'token',
  'access_token',
  'refresh_token',
  'payment_token',
  'client_secret',
  'api_key',
  'secret',
  'stripe-signature',
];

// A line written by itself takes as long as an SQL statement. Only SIGKILL can lose those that still wait.
const WAIT_MS = 50;
const WAITING_BYTES_MAX = 8 * 1024;

/** JSON lines on stdout with trace ids; fields that carry secrets are replaced before they are written. */
export function createLogger(options: { service: string; version: string; level: string }): Logger {
  const settings = {
    level: options.level,
    base: { service: options.service, version: options.version },
    timestamp: pino.stdTimeFunctions.isoTime,
    redact: {
      paths: SECRETS.flatMap((name) => [`["${name}"]`, `*["${name}"]`, `*.*["${name}"]`]),
      censor: '[redacted]',
    },
    mixin() {
      const span = trace.getActiveSpan()?.spanContext();
      return span ? { trace_id: span.traceId, span_id: span.spanId } : {};
    },
  };
  return pino(settings, (stdout ??= gatheredLines()));
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
