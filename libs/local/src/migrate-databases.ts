import { text } from 'node:stream/consumers';
import { migrate } from '@zoco/postgres';
import { z } from 'zod';

// A program of its own, run once per start: drizzle-orm, unbundled, takes 200 MB that the runner would keep.
// Reads what to do from stdin, for the connection strings hold passwords and arguments are for everyone to see.

const Databases = z.array(z.object({ service: z.string(), ownerUrl: z.string(), folder: z.string() }));

const databases = Databases.parse(JSON.parse(await text(process.stdin)));
const outcomes = await Promise.allSettled(databases.map((database) => migrate(database)));
for (const [index, outcome] of outcomes.entries()) {
  if (outcome.status === 'fulfilled') continue;
  console.error(`${databases[index]?.service}: ${describe(outcome.reason)}`);
  process.exitCode = 1;
}

/** drizzle wraps what Postgres said into an error of its own that only repeats the statement. */
function describe(reason: unknown): string {
  const cause = reason instanceof Error && reason.cause instanceof Error ? ` (${reason.cause.message})` : '';
  return `${reason instanceof Error ? reason.message : String(reason)}${cause}`;
}
