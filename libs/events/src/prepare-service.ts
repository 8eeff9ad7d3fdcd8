import { createHash } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { connect as connectToNats } from '@nats-io/transport-node';
import type { ServiceName } from '@zoco/contracts';
import { connect, isUnreachable, migrate, provisionFromUrls, type Sql } from '@zoco/postgres';
import { createLogger, type Logger, type MigrationConfig } from '@zoco/service';
import { natsServer } from './nats.ts';
import { describeProvision, provisionService } from './provision.ts';

export interface Preparation {
  readonly service: ServiceName;
  /** Folder of the migrations. */
  readonly folder: string;
  readonly config: MigrationConfig;
}

/** How long a service whose streams were made before waits for NATS. */
const KNOWN_STREAMS_WAIT_MS = 5_000;
const RETRY_MS_MAX = 5_000;
const LOG_EVERY_MS = 10_000;
/** Any number that no other use of advisory locks in these databases has. */
const SETUP_LOCK = 7_000_004;

/**
 * Makes ready what a service needs before it starts: database and roles where there is a login that may make them, the newest schema,
 * and its streams and durables likewise. Waits for Postgres and NATS, which may start later; any number of replicas may
 * run it at once. A service that had its streams before starts without NATS, since its outbox can wait.
 * @throws Error when Postgres refuses: a wrong password, a missing right, a migration that fails
 */
export async function prepareService(preparation: Preparation): Promise<void> {
  const { service, folder, config } = preparation;
  const log = createLogger({ service, version: config.SERVICE_VERSION, level: config.LOG_LEVEL });
  const { DATABASE_ADMIN_URL: adminUrl, DATABASE_OWNER_URL: ownerUrl } = config;
  if (adminUrl !== undefined) {
    const urls = { ownerUrl, runtimeUrl: config.DATABASE_URL, workerUrl: config.DATABASE_WORKER_URL };
    await untilReachable(() => provisionFromUrls(adminUrl, service, urls), log);
    log.info('database and roles are there');
  }
  await untilReachable(() => migrate({ service, ownerUrl, folder }), log);
  log.info('the schema is up to date');
  if (config.NATS_ADMIN_URL !== undefined) await prepareStreams(preparation, config.NATS_ADMIN_URL, log);
}

/** Tries until Postgres answers; what it answers is final. */
async function untilReachable(work: () => Promise<void>, log: Logger): Promise<void> {
  const say = sayNowAndThen((error) => log.warn({ err: error }, 'waiting for Postgres'));
  for (let attempt = 0; ; attempt += 1) {
    try {
      return await work();
    } catch (error) {
      if (!isUnreachable(error)) throw error;
      say(error);
      await pause(attempt);
    }
  }
}

async function prepareStreams({ service, config }: Preparation, url: string, log: Logger): Promise<void> {
  const options = { replicas: config.NATS_STREAM_REPLICAS, streamBytesMax: config.NATS_STREAM_BYTES_MAX };
  const wanted = createHash('sha256').update(describeProvision(service, options)).digest('hex');
  const sql = connect({ url: config.DATABASE_OWNER_URL, applicationName: `${service}-migrate`, poolMax: 1 });
  try {
    const known = (await readMade(sql)) === wanted;
    const say = sayNowAndThen((error) => log.warn({ err: error }, 'waiting for NATS'));
    const startMs = performance.now();
    for (let attempt = 0; ; attempt += 1) {
      try {
        await provisionAt(url, service, options);
        break;
      } catch (error) {
        if (known && performance.now() - startMs > KNOWN_STREAMS_WAIT_MS) {
          log.warn(
            { err: error },
            'NATS does not answer; its streams were made before, so the service starts',
          );
          return;
        }
        say(error);
        await pause(attempt);
      }
    }
    if (!known) await writeMade(sql, wanted);
    log.info('streams and consumers are there');
  } finally {
    await sql.end();
  }
}

async function provisionAt(
  url: string,
  service: ServiceName,
  options: Parameters<typeof provisionService>[2],
): Promise<void> {
  const nc = await connectToNats({
    ...natsServer(url),
    name: `${service}-migrate`,
    timeout: 3000,
    reconnect: false,
  });
  try {
    await provisionService(nc, service, options);
  } finally {
    await nc.close();
  }
}

/** Fingerprint of the streams that were made last. The schema is not `public`, whose tables all belong to tenants. */
async function readMade(sql: Sql): Promise<string | undefined> {
  const rows = await sql.begin(async (tx) => {
    await tx`select pg_advisory_xact_lock(${SETUP_LOCK})`;
    await tx`create schema if not exists setup`;
    await tx`create table if not exists setup.streams (fingerprint text not null)`;
    return tx<{ fingerprint: string }[]>`select fingerprint from setup.streams`;
  });
  return rows[0]?.fingerprint;
}

async function writeMade(sql: Sql, fingerprint: string): Promise<void> {
  await sql.begin(async (tx) => {
    await tx`select pg_advisory_xact_lock(${SETUP_LOCK})`;
    await tx`delete from setup.streams`;
    await tx`insert into setup.streams (fingerprint) values (${fingerprint})`;
  });
}

function pause(attempt: number): Promise<void> {
  return delay(Math.min(RETRY_MS_MAX, 250 * 2 ** Math.min(attempt, 10)));
}

/** At once, and then no more often than somebody wants to read it. */
function sayNowAndThen(say: (error: unknown) => void): (error: unknown) => void {
  let nextMs = 0;
  return (error) => {
    if (performance.now() < nextMs) return;
    nextMs = performance.now() + LOG_EVERY_MS;
    say(error);
  };
}
