import type { ServiceName } from '@zoco/contracts';
import { type Database, openDatabase } from '@zoco/postgres';
import { CliFailure, reasonOf } from '../failure.ts';
import { DATABASE_SERVICES, natsUrl, type Surroundings, workerUrl } from '../surroundings.ts';

/** A service whose outbox is open. */
export interface OpenService extends AsyncDisposable {
  readonly name: ServiceName;
  readonly db: Database;
}

/**
 * Services whose database we know, one or all.
 * @throws CliFailure when there is none
 */
export function knownServices(surroundings: Surroundings, wanted: ServiceName | undefined): ServiceName[] {
  const names = wanted === undefined ? DATABASE_SERVICES : [wanted];
  const known = names.filter((name) => workerUrl(surroundings, name) !== undefined);
  if (known.length > 0) return known;
  const [name = 'orders'] = names;
  throw new CliFailure(
    `No database is known: start Zoco here with \`npm start\`, or set ZOCO_WORKER_URL_${name.toUpperCase()}.`,
  );
}

/** Opens the worker's door of a service's database. @throws CliFailure when it does not answer */
export async function openService(surroundings: Surroundings, name: ServiceName): Promise<OpenService> {
  const url = workerUrl(surroundings, name) ?? '';
  const db = openDatabase({ url, workerUrl: url, applicationName: 'zoco', poolMax: 1, workerPoolMax: 1 });
  try {
    await db.work((tx) => tx.sql`select 1 from outbox limit 1`);
  } catch (error) {
    await db[Symbol.asyncDispose]();
    throw new CliFailure(`The database of ${name} does not answer (${reasonOf(error)}): is Postgres up?`, {
      cause: error,
    });
  }
  return { name, db, [Symbol.asyncDispose]: () => db[Symbol.asyncDispose]() };
}

/** @throws CliFailure when nobody says where NATS is */
export function requireNatsUrl(surroundings: Surroundings): string {
  const url = natsUrl(surroundings);
  if (url !== undefined) return url;
  throw new CliFailure('Nobody says where NATS is: start Zoco here with `npm start`, or set NATS_URL.');
}
