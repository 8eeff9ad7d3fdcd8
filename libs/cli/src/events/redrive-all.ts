import type { NatsConnection } from '@nats-io/transport-node';
import { HANDLES, type ServiceName } from '@zoco/contracts';
import { redrive } from '@zoco/events';
import type { Database } from '@zoco/postgres';
import type { RunOptions } from '../run.ts';
import { plural } from '../terminal.ts';
import { openNats } from './nats-session.ts';
import { knownServices, openService, requireNatsUrl } from './open-service.ts';

export interface RedriveCommand {
  readonly service: ServiceName | undefined;
}

/** Sends the open dead letters of one service or all back to their consumers. */
export async function redriveAll(
  command: RedriveCommand,
  { surroundings, terminal }: RunOptions,
): Promise<number> {
  const services = knownServices(surroundings, command.service).filter((name) => HANDLES[name].length > 0);
  await using nats = await openNats(requireNatsUrl(surroundings));
  for (const name of services) {
    await using service = await openService(surroundings, name);
    const sent = await redriveService(nats.nc, service.db);
    terminal.out(`${name.padEnd(9)} ${plural(sent, 'dead letter')} sent again`);
  }
  terminal.out('`zoco doctor` shows what fails anew.');
  return 0;
}

/** As many as are open now: one that fails again at once is open again, and must not keep this going for ever. */
async function redriveService(nc: NatsConnection, db: Database): Promise<number> {
  const [row] = await db.work(
    (tx) => tx.sql<{ open: number }[]>`
      select count(*)::int as open from dead_letters where redriven_at is null`,
  );
  const open = row?.open ?? 0;
  let sent = 0;
  while (sent < open) {
    const some = await redrive(nc, db);
    if (some === 0) break;
    sent += some;
  }
  return sent;
}
