import { once } from 'node:events';
import { connect as connectSocket } from 'node:net';
import { JetStreamApiError } from '@nats-io/jetstream';
import { connect, type NatsConnection } from '@nats-io/transport-node';
import { natsServer } from '@zoco/events';
import { CliFailure, reasonOf } from '../failure.ts';

const CONNECT_TIMEOUT_MS = 3000;

/** A connection that is made now or not at all; a person waits for it. */
export interface NatsSession extends AsyncDisposable {
  readonly nc: NatsConnection;
}

/** @throws CliFailure when the server does not answer */
export async function openNats(url: string): Promise<NatsSession> {
  const { host } = new URL(url);
  try {
    await hearGreeting(new URL(url));
    const nc = await connect({ ...natsServer(url), name: 'zoco', timeout: CONNECT_TIMEOUT_MS });
    return { nc, [Symbol.asyncDispose]: () => nc.close() };
  } catch (error) {
    throw new CliFailure(
      `NATS at ${host} does not answer (${reasonOf(error)}): nothing is lost, events wait in the outboxes; start it again.`,
      { cause: error },
    );
  }
}

/**
 * A server of NATS speaks first. One that is frozen still accepts connections, by its kernel, and the client's own timeout
 * does not count while it waits for the first word.
 */
async function hearGreeting({ hostname, port }: URL): Promise<void> {
  const socket = connectSocket(Number(port) || 4222, hostname.replaceAll(/[[\]]/g, ''));
  const signal = AbortSignal.timeout(CONNECT_TIMEOUT_MS);
  try {
    await once(socket, 'data', { signal });
  } catch (error) {
    throw signal.aborted ? new Error(`no word within ${CONNECT_TIMEOUT_MS / 1000} s`) : error;
  } finally {
    socket.destroy();
  }
}

/** Whether JetStream said that a stream or a consumer does not exist. */
export function isMissing(error: unknown): boolean {
  return error instanceof JetStreamApiError && error.status === 404;
}
