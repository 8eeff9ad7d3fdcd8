import { connect, type ConnectionOptions, type NatsConnection } from '@nats-io/transport-node';

export interface NatsOptions {
  readonly url: string;
  readonly name: string;
  /** Prefix of reply subjects, which the server's permissions allow to this service alone. */
  readonly inboxPrefix?: string;
  /** Ends the attempts to connect for the first time. */
  readonly signal?: AbortSignal;
}

/**
 * Connects, and keeps trying for ever: NATS may come up later or go away for a while. User and password come in the URL.
 * @throws Error when the signal aborts before the first connection stands
 */
export function connectNats(options: NatsOptions): Promise<NatsConnection> {
  const url = new URL(options.url);
  const settings: ConnectionOptions = {
    servers: url.host,
    name: options.name,
    inboxPrefix: options.inboxPrefix ?? `_INBOX_${options.name}`,
    waitOnFirstConnect: true,
    maxReconnectAttempts: -1,
    reconnectTimeWait: 100,
    reconnectJitter: 1900,
    pingInterval: 10_000,
    // Asked for a server before each attempt; to throw is the only way to end them.
    reconnectToServer() {
      options.signal?.throwIfAborted();
      return null;
    },
    ...(url.username
      ? { user: decodeURIComponent(url.username), pass: decodeURIComponent(url.password) }
      : {}),
  };
  return connect(settings);
}
