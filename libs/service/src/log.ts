import { trace } from '@opentelemetry/api';
import { type Logger as PinoLogger, pino } from 'pino';

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

/** JSON lines on stdout with trace ids; fields that carry secrets are replaced before they are written. */
export function createLogger(options: { service: string; version: string; level: string }): Logger {
  return pino({
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
  });
}
