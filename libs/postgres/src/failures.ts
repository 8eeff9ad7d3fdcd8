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

/** Whether Postgres refused a value, as out of range (class 22) or against a constraint (23): the same is refused again. */
export function isRefusedValue(error: unknown): boolean {
  return /^2[23]/.test(findPostgresError(error)?.code ?? '');
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

// What the system and TLS say of a socket, and the driver of its connections.
const LOSS = /^(CONNECT|ECONN|EPIPE|ETIMEDOUT|EHOST|ENET|EAI_|ENOTFOUND|EPROTO|ERR_(SSL|TLS|SOCKET|STREAM)_)/;

/** Whether the connection is gone, or about to go, and not only one statement refused. */
export function isConnectionLoss(error: unknown): boolean {
  const refused = findPostgresError(error);
  if (refused !== undefined) return refused.severity === 'FATAL' || refused.severity === 'PANIC';
  // A Unix socket that is not there is told as a file is.
  return LOSS.test(driverCode(error) ?? '') || isOfConnect(error);
}

/** Code of the refusal when too many wait for a connection. */
export const DATABASE_BUSY = 'database_busy';

// Insufficient resources, operator intervention, system errors, and a standby that is not the primary yet; a statement that was canceled
// for its time says nothing about the others.
const AWAY = /^(53|57P|58|25006)/;

/** Whether the database as a whole cannot be worked with at the moment, whatever is asked of it. */
export function isDatabaseAway(error: unknown): boolean {
  if (error instanceof Problem) return error.code === DATABASE_BUSY;
  return isConnectionLoss(error) || AWAY.test(findPostgresError(error)?.code ?? '');
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

function isOfConnect(error: unknown): boolean {
  return (
    error instanceof Error &&
    (('syscall' in error && error.syscall === 'connect') || isOfConnect(error.cause))
  );
}

function driverCode(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined;
  if ('code' in error && typeof error.code === 'string') return error.code;
  return driverCode(error.cause);
}
