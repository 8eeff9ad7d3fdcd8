import type postgres from 'postgres';
import { cpuSecondsOf } from './cpu.ts';
import type { Workload } from './measure.ts';

const STATEMENTS_SHOWN = 12;

interface Statement {
  readonly query: string;
  readonly calls: number;
  readonly ms: number;
}

/** A workload whose processor time and SQL statements are counted while its rounds run, and only then. */
export interface CostedWorkload extends Workload {
  /** What one operation of all rounds so far has cost, line by line. */
  describeCost(): string[];
}

/**
 * @param sql connection of a superuser; the statistics of the whole server are reset before each round
 */
export function withCost(workload: Workload, sql: postgres.Sql): CostedWorkload {
  let operations = 0;
  const cpuSeconds = new Map<string, number>();
  const statements = new Map<string, Statement>();
  return {
    name: workload.name,
    async round(seconds) {
      await sql`select pg_stat_statements_reset()`;
      const before = cpuSecondsOf(process.pid);
      const round = await workload.round(seconds);
      for (const [label, after] of cpuSecondsOf(process.pid))
        cpuSeconds.set(label, (cpuSeconds.get(label) ?? 0) + after - (before.get(label) ?? 0));
      for (const statement of await readStatements(sql)) addTo(statements, statement);
      operations += round.completed;
      return round;
    },
    describeCost() {
      const calls = [...statements.values()].reduce((sum, statement) => sum + statement.calls, 0);
      const cpu = [...cpuSeconds].toSorted((a, b) => b[1] - a[1]);
      const cpuTotal = cpu.reduce((sum, [, seconds]) => sum + seconds, 0);
      const perOperation = (amount: number) => amount / operations;
      const expensive = [...statements.values()].toSorted((a, b) => b.ms - a.ms).slice(0, STATEMENTS_SHOWN);
      return [
        `${perOperation(calls).toFixed(1)} SQL statements (transaction control and relay included)`,
        `${perOperation(cpuTotal * 1000).toFixed(1)} ms of processor time:`,
        ...cpu.map(
          ([label, seconds]) =>
            `  ${label.padEnd(18)}${perOperation(seconds * 1000)
              .toFixed(2)
              .padStart(6)} ms`,
        ),
        'most expensive statements (calls, ms):',
        ...expensive.map(
          ({ query, calls: times, ms }) =>
            `  ${perOperation(times).toFixed(2).padStart(6)} ${perOperation(ms).toFixed(3).padStart(8)}  ${query}`,
        ),
      ];
    },
  };
}

function readStatements(sql: postgres.Sql): Promise<Statement[]> {
  return sql<Statement[]>`
    select calls::float8 as calls, total_exec_time as ms, left(regexp_replace(query, '\\s+', ' ', 'g'), 90) as query
    from pg_stat_statements`;
}

function addTo(statements: Map<string, Statement>, { query, calls, ms }: Statement): void {
  const known = statements.get(query);
  statements.set(query, { query, calls: calls + (known?.calls ?? 0), ms: ms + (known?.ms ?? 0) });
}
