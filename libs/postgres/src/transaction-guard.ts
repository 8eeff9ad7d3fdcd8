import postgres from 'postgres';
import type { TracedStatement, TraceStatement } from './transaction-trace.ts';

const { PostgresError } = postgres;

/**
 * Runs `work` in a transaction of postgres.js that ends with its connection. By itself the driver (3.4) goes on after the
 * connection is gone: it writes the next statement, or its own ROLLBACK, to a socket that is null, which ends the process from a
 * timer that nobody can catch; or, when it has reconnected meanwhile, it runs the statement there, outside any transaction.
 * Here every statement that comes too late is refused instead.
 * @see https://github.com/porsager/postgres/issues/1208
 * @see https://github.com/porsager/postgres/pull/1155
 */
export async function beginGuarded<T>(
  sql: postgres.Sql,
  mode: string,
  work: (client: postgres.TransactionSql) => Promise<T>,
  traceStatement?: TraceStatement,
): Promise<T> {
  const guard = createGuard(traceStatement);
  const running = sql.begin(mode, async (client) => {
    try {
      return { value: await work(guard.watch(client)) };
    } finally {
      // Settling would make the driver send COMMIT or ROLLBACK. It gives up by itself when it is told of the end.
      if (guard.isOver()) await never;
    }
  });
  // The first to hear of a connection that ends while nothing is under way on it.
  running.then(guard.end, guard.end);
  return (await running).value;
}

const never = new Promise<never>(() => {});

/** What the driver's queries are made of; its types do not tell. */
interface DriverQuery extends TracedStatement {
  handler: (query: DriverQuery) => void;
  resolve: (value: unknown) => void;
  reject: (error: unknown) => void;
}

function createGuard(traceStatement?: TraceStatement) {
  const pending = new Set<DriverQuery>();
  let over: Error | undefined;

  function end(reason: unknown): void {
    over ??= reason instanceof Error ? reason : new Error('the transaction is over');
    // The driver forgets those that waited for their turn.
    for (const query of pending) query.reject(over);
  }

  function admit(query: DriverQuery): void {
    const { handler, resolve, reject } = query;
    query.handler = (self) => {
      if (over !== undefined) {
        reject(over);
        return;
      }
      pending.add(query);
      if (traceStatement !== undefined) follow(query, traceStatement);
      handler(self);
    };
    query.resolve = (value) => {
      pending.delete(query);
      resolve(value);
    };
    query.reject = (error) => {
      pending.delete(query);
      reject(error);
      if (isConnectionLoss(error)) end(error);
    };
  }

  /** The client, whose statements pass by the guard. */
  function watch(client: postgres.TransactionSql): postgres.TransactionSql {
    const admitted = (made: unknown): unknown => {
      if (isQuery(made)) admit(made);
      return made;
    };
    return new Proxy(client, {
      apply: (target, self, args) => admitted(Reflect.apply(target, self, args)),
      get(target, property): unknown {
        const value: unknown = Reflect.get(target, property);
        if (property !== 'unsafe' || typeof value !== 'function') return value;
        return (...args: unknown[]) => admitted(Reflect.apply(value, target, args));
      },
    });
  }

  return { watch, end, isOver: () => over !== undefined };
}

/** Ends the statement's span with the statement. */
function follow(query: DriverQuery, traceStatement: TraceStatement): void {
  const span = traceStatement(query);
  if (span === undefined) return;
  const { resolve, reject } = query;
  query.resolve = (value) => {
    span.end();
    resolve(value);
  };
  query.reject = (error) => {
    span.end(error);
    reject(error);
  };
}

/** A statement, and not a fragment's helper such as `sql(name)`. */
function isQuery(made: unknown): made is DriverQuery {
  return made instanceof Promise && 'handler' in made && typeof made.handler === 'function';
}

const LOSS = /^(CONNECTION_|CONNECT_TIMEOUT|ECONN|EPIPE|ETIMEDOUT)/;

/** Whether the connection is gone, or about to go, and not only one statement refused. */
function isConnectionLoss(error: unknown): boolean {
  if (error instanceof PostgresError) return error.severity === 'FATAL' || error.severity === 'PANIC';
  return error instanceof Error && 'code' in error && typeof error.code === 'string' && LOSS.test(error.code);
}
