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
    const nc = await connect({ ...natsServer(url), name: 'zoco', timeout: CONNECT_TIMEOUT_MS });
    return { nc, [Symbol.asyncDispose]: () => nc.close() };
  } catch (error) {
    throw new CliFailure(
      `NATS at ${host} does not answer (${reasonOf(error)}): nothing is lost, events wait in the outboxes; start it again.`,
      { cause: error },
    );
  }
}

/** Whether JetStream said that a stream or a consumer does not exist. */
export function isMissing(error: unknown): boolean {
  return error instanceof JetStreamApiError && error.status === 404;
}
