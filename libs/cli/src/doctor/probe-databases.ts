import type { ServiceName } from '@zoco/contracts';
import { openService } from '../events/open-service.ts';
import { reasonOf } from '../failure.ts';
import type { Surroundings } from '../surroundings.ts';

export interface DeadLetterFacts {
  readonly consumer: string;
  readonly subject: string;
  readonly error: string;
}

/** What the outbox and the dead letters of a service hold, or why nobody can tell. */
export type DatabaseFacts =
  | { readonly name: ServiceName; readonly fault: string }
  | {
      readonly name: ServiceName;
      readonly pending: number;
      readonly oldestSeconds: number;
      readonly dead: number;
      /** The newest of them. */
      readonly deadNewest: readonly DeadLetterFacts[];
    };

/** Looks into the database of one service; never throws. */
export async function probeDatabase(surroundings: Surroundings, name: ServiceName): Promise<DatabaseFacts> {
  try {
    await using service = await openService(surroundings, name);
    return await service.db.work(async (tx) => {
      const [outbox] = await tx.sql<{ pending: number; age: number }[]>`
        select count(*)::int as pending,
               coalesce(extract(epoch from clock_timestamp() - min(created_at)), 0)::float8 as age
        from outbox where published_at is null`;
      const letters = await tx.sql<(DeadLetterFacts & { total: number })[]>`
        select consumer, subject, left(error, 200) as error, count(*) over ()::int as total
        from dead_letters where redriven_at is null order by created_at desc limit 3`;
      return {
        name,
        pending: outbox?.pending ?? 0,
        oldestSeconds: Math.max(0, outbox?.age ?? 0),
        dead: letters[0]?.total ?? 0,
        deadNewest: letters.map(({ consumer, subject, error }) => ({ consumer, subject, error })),
      };
    });
  } catch (error) {
    return { name, fault: reasonOf(error) };
  }
}
