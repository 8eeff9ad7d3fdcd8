import { jetstreamManager } from '@nats-io/jetstream';
import type { NatsConnection } from '@nats-io/transport-node';
import { EVENTS, type ServiceName, streamOf } from '@zoco/contracts';
import { type ProvisionOptions, provisionStreams, replay } from '@zoco/events';
import { CliFailure, Interrupted, reasonOf } from '../failure.ts';
import type { RunOptions } from '../run.ts';
import { plural } from '../terminal.ts';
import { streamOptions } from '../surroundings.ts';
import { isMissing, openNats } from './nats-session.ts';
import { knownServices, openService, requireNatsUrl } from './open-service.ts';

export interface ReplayCommand {
  /** How far back: milliseconds before now, or a moment. */
  readonly sinceMs: number | Date;
  readonly service: ServiceName | undefined;
}

/**
 * Publishes again what the outboxes hold since some time, of one service or all. Streams that are missing are made first: after
 * NATS lost its store that is what there is to do.
 */
export async function replayAll(
  command: ReplayCommand,
  { surroundings, terminal, signal }: RunOptions,
): Promise<number> {
  const since = command.sinceMs instanceof Date ? command.sinceMs : new Date(Date.now() - command.sinceMs);
  const services = knownServices(surroundings, command.service).filter(publishes);
  await using nats = await openNats(requireNatsUrl(surroundings));
  if (await isStreamMissing(nats.nc, services)) {
    terminal.note('streams are missing: making them');
    await makeStreams(nats.nc, streamOptions(surroundings));
  }
  for (const name of services) {
    if (signal.aborted)
      throw new Interrupted('Interrupted: what was published again stays, a second run repeats it.');
    await using service = await openService(surroundings, name);
    const published = await replay(nats.nc, service.db, name, since).catch((error: unknown) => {
      throw new CliFailure(
        `The events of ${name} could not be published (${reasonOf(error)}): run it again.`,
        {
          cause: error,
        },
      );
    });
    terminal.out(`${name.padEnd(9)} ${plural(published, 'event')} since ${since.toISOString()}`);
  }
  terminal.out('Handlers skip what they have handled before.');
  return 0;
}

function publishes(service: ServiceName): boolean {
  return EVENTS.some((event) => event.producer === service);
}

async function isStreamMissing(nc: NatsConnection, services: readonly ServiceName[]): Promise<boolean> {
  const jsm = await jetstreamManager(nc);
  for (const name of services) {
    try {
      await jsm.streams.info(streamOf(name));
    } catch (error) {
      if (isMissing(error)) return true;
      throw error;
    }
  }
  return false;
}

async function makeStreams(nc: NatsConnection, options: ProvisionOptions): Promise<void> {
  try {
    await provisionStreams(nc, options);
  } catch (error) {
    throw new CliFailure(
      `The streams could not be made (${reasonOf(error)}): this login may not, so let the provisioning step of the installation run first.`,
      { cause: error },
    );
  }
}
