import { Problem } from '@zoco/kernel';
import postgres from 'postgres';

const { PostgresError } = postgres;

// serialization_failure and deadlock_detected: the transaction did nothing and may run again.
const RETRYABLE = new Set(['40001', '40P01']);

/** The Postgres error behind `error`, through the wrapping that drizzle adds. */
export function findPostgresError(error: unknown): postgres.PostgresError | undefined {
  if (error instanceof PostgresError) return error;
  return error instanceof Error && error.cause !== undefined ? findPostgresError(error.cause) : undefined;
}

export function isRetryable(error: unknown): boolean {
  return RETRYABLE.has(findPostgresError(error)?.code ?? '');
}

/** Whether `error` broke the unique constraint or index of that name (any, when no name is given). */
export function isUniqueViolation(error: unknown, constraint?: string): boolean {
  const found = findPostgresError(error);
  return found?.code === '23505' && (constraint === undefined || found.constraint_name === constraint);
}

// Timeouts, shutdown and full pools, by SQLSTATE; and what the driver says when there is no connection.
const UNAVAILABLE = new Set(['57014', '55P03', '57P01', '57P02', '57P03', '53300', '08006', '25P03']);
const UNREACHABLE =
  /^(CONNECTION_|CONNECT_TIMEOUT|EAI_AGAIN|ECONNREFUSED|ECONNRESET|EHOSTUNREACH|ENETUNREACH|ENOTFOUND|EPIPE|ETIMEDOUT)/;

/** Whether the database was away or too busy to answer, so that the same may work later. */
export function isUnreachable(error: unknown): boolean {
  const code = findPostgresError(error)?.code ?? driverCode(error);
  return code !== undefined && (UNAVAILABLE.has(code) || UNREACHABLE.test(code));
}

const LOSS = /^(CONNECTION_|CONNECT_TIMEOUT|ECONN|EPIPE|ETIMEDOUT)/;

/** Whether the connection is gone, or about to go, and not only one statement refused. */
export function isConnectionLoss(error: unknown): boolean {
  const refused = findPostgresError(error);
  if (refused !== undefined) return refused.severity === 'FATAL' || refused.severity === 'PANIC';
  return LOSS.test(driverCode(error) ?? '');
}

/** The 503 for a database that is busy or away; undefined when the error is something else. */
export function databaseProblem(error: unknown): Problem | undefined {
  if (!isUnreachable(error)) return undefined;
  return new Problem(
    'unavailable',
    'database_unavailable',
    'The service cannot reach its data at the moment.',
    {
      cause: error,
      retryAfterSeconds: 1,
    },
  );
}

function driverCode(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined;
  if ('code' in error && typeof error.code === 'string') return error.code;
  return driverCode(error.cause);
}
