import { context } from '@opentelemetry/api';
import postgres from 'postgres';
import { isConnectionLoss } from './failures.ts';
import type { StatementSpan, TracedStatement, TraceStatement } from './transaction-trace.ts';

const { PostgresError } = postgres;

/** A connection for the length of one transaction. Values in its templates become parameters. */
export type Client = postgres.ISql;

/** What belongs to the transaction beside its statements. */
export interface TransactionEnd {
  /**
   * Keeps a statement whose answer the work does not need for the end: it travels with the COMMIT and so costs no round trip. When it
   * fails, so does the transaction.
   */
  defer(statement: postgres.PendingQuery<postgres.Row[]>): void;
  /** Runs what was deferred so far now, for work that goes on to read it. */
  runDeferred(): Promise<void>;
  /** Calls `effect` once this has committed. A crash may lose it, so it can only count or hint. It must not throw. */
  onCommit(effect: () => void): void;
}

/**
 * Runs `work` in a transaction on a connection of its own. `opening` (BEGIN and settings) is not awaited: it goes out in one packet
 * with the first statements of `work`, which Postgres runs in order.
 *
 * The driver's own `begin` would cost a round trip more, and goes on after its connection is lost: it writes to a socket
 * that is null, which ends the process from a timer that nobody can catch, or, when it has reconnected meanwhile, runs the
 * statement there, outside any transaction. Here every statement that comes too late is refused.
 * @throws whatever `work` throws, after the rollback
 * @see https://github.com/porsager/postgres/issues/1208
 * @see https://github.com/porsager/postgres/pull/1155
 */
export async function runTransaction<T>(
  sql: postgres.Sql,
  opening: string,
  work: (client: Client, end: TransactionEnd) => Promise<T>,
  traceStatement?: TraceStatement,
): Promise<T> {
  const guard = createGuard(traceStatement);
  const client = guard.watch(sql);
  const opened = open(sql, opening, guard);
  const deferred: postgres.PendingQuery<postgres.Row[]>[] = [];
  const effects: (() => void)[] = [];
  const end: TransactionEnd = {
    defer: (statement) => void deferred.push(statement),
    async runDeferred() {
      await Promise.all(deferred.splice(0).map((statement) => statement.execute()));
    },
    onCommit: (effect) => void effects.push(effect),
  };
  const value = await rollingBack(client, guard, () => work(client, end));
  try {
    const statements = deferred.map((statement) => statement.execute());
    const commit = guard.last(() => client.unsafe('commit').execute());
    const [{ command }] = await Promise.all([commit, ...statements, opened]);
    if (command !== 'COMMIT') throw guard.firstError() ?? new Error('Postgres rolled the transaction back');
  } catch (error) {
    throw causeOf(error, guard);
  } finally {
    guard.end(OVER);
  }
  for (const effect of effects) effect();
  return value;
}

async function rollingBack<T>(client: Client, guard: Guard, work: () => Promise<T>): Promise<T> {
  try {
    return await Promise.race([work(), guard.lost]);
  } catch (error) {
    await guard.last(() => client.unsafe('rollback').execute()).catch(() => {});
    guard.end(OVER);
    throw causeOf(error, guard);
  }
}

const OVER = new Error('the transaction is over');

/** Each statement after one that failed is answered 25P02, which hides the cause. */
function causeOf(error: unknown, guard: Guard): unknown {
  const hidden = error instanceof PostgresError && error.code === '25P02';
  return hidden ? (guard.firstError() ?? error) : error;
}

/** What the driver's queries and connections are made of; its types do not tell. */
interface DriverQuery extends TracedStatement {
  handler: (query: DriverQuery) => void;
  resolve: (value: unknown) => void;
  reject: (error: unknown) => void;
}
interface DriverConnection {
  /** Sends a statement behind those that are under way. False: the next one has to wait until all are answered. */
  execute(query: DriverQuery): boolean | undefined;
  /** Called when all are answered and a transaction is open; when none is open, the connection goes back to the pool. */
  reserved: () => void;
  onclose: ((error: unknown) => void) | null;
}

/** Sends the opening on any connection of the pool and keeps that for what follows, as the driver's own `begin` does. */
function open(sql: postgres.Sql, opening: string, guard: Guard): Promise<unknown> {
  const options: object = { onexecute: guard.take };
  const opened = sql.unsafe(opening, [], options).execute();
  opened.catch(guard.lose);
  return opened;
}

/** One connection's line of statements; those that come before it is known, or faster than it takes them, wait. */
function createLine(lose: (error: unknown) => void) {
  const queue: DriverQuery[] = [];
  let connection: DriverConnection | undefined;
  let free = false;

  function take(taken: DriverConnection): void {
    connection = taken;
    Object.assign(connection, { onclose: lose, reserved: sendQueued });
    sendQueued();
  }

  function sendQueued(): void {
    free = true;
    for (let next = queue.shift(); next !== undefined; next = free ? queue.shift() : undefined) send(next);
  }

  function send(query: DriverQuery): void {
    if (connection === undefined || !free) queue.push(query);
    else free = connection.execute(query) === true;
  }

  return { take, send };
}

type Guard = ReturnType<typeof createGuard>;

function createGuard(traceStatement?: TraceStatement) {
  const line = createLine(lose);
  const pending = new Set<DriverQuery>();
  const loss = Promise.withResolvers<never>();
  loss.promise.catch(() => {});
  let over: Error | undefined;
  let closed = false;
  let first: Error | undefined;

  function end(reason: unknown): void {
    over ??= reason instanceof Error ? reason : OVER;
    // The driver forgets those that waited for their turn.
    for (const query of pending) query.reject(over);
  }

  function lose(reason: unknown): void {
    end(reason);
    loss.reject(over);
  }

  /** Makes the last statement: what is made after it is refused, for it would run outside the transaction. */
  function last<Q>(make: () => Q): Q {
    const query = make();
    closed = true;
    return query;
  }

  function admit(query: DriverQuery): void {
    const { resolve, reject } = query;
    const late = closed;
    const saidIn = traceStatement && context.active();
    query.handler = (self) => {
      if (over !== undefined || late) {
        reject(over ?? OVER);
        return;
      }
      pending.add(query);
      if (traceStatement !== undefined && saidIn !== undefined) follow(query, traceStatement(query, saidIn));
      line.send(self);
    };
    query.resolve = (value) => {
      pending.delete(query);
      resolve(value);
    };
    query.reject = (error) => {
      pending.delete(query);
      reject(error);
      if (error instanceof Error) first ??= error;
      if (isConnectionLoss(error)) lose(error);
    };
  }

  const watch = (client: Client) => watching(client, admit);
  return { take: line.take, watch, last, end, lose, lost: loss.promise, firstError: () => first };
}

/** Ends the statement's span with the statement. */
function follow(query: DriverQuery, span: StatementSpan | undefined): void {
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

/** The client, whose statements pass by the guard. */
function watching(client: Client, admit: (query: DriverQuery) => void): Client {
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

/** A statement, and not a fragment's helper such as `sql(name)`. */
function isQuery(made: unknown): made is DriverQuery {
  return made instanceof Promise && 'handler' in made && typeof made.handler === 'function';
}
