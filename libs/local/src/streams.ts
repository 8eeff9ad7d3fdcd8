import { connect, type NatsConnection } from '@nats-io/transport-node';
import { natsServer } from '@zoco/events/nats';
import { provisionStreams } from '@zoco/events/provision';
import { SetupError } from './setup-error.ts';

const CONNECT_TIMEOUT_MS = 5_000;

/**
 * Creates the streams and durables of the call graph, or brings them up to date.
 * @throws SetupError when the server does not answer or has no JetStream
 */
export async function prepareStreams(natsUrl: string): Promise<void> {
  const connection = await open(natsUrl);
  try {
    await provisionStreams(connection);
  } catch (error) {
    throw new SetupError(
      `NATS at ${hostOf(natsUrl)} refused the streams (${String(error)}): it needs JetStream.`,
    );
  } finally {
    await connection.close();
  }
}

async function open(natsUrl: string): Promise<NatsConnection> {
  try {
    return await connect({ ...natsServer(natsUrl), timeout: CONNECT_TIMEOUT_MS, name: 'zoco-local' });
  } catch (error) {
    throw new SetupError(
      `NATS at ${hostOf(natsUrl)} does not answer (${error instanceof Error ? error.message : String(error)}): start it, or unset NATS_URL and Zoco starts one of its own.`,
    );
  }
}

function hostOf(natsUrl: string): string {
  return new URL(natsUrl).host;
}
