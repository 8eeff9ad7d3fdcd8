import { connect, type ConnectionOptions, type NatsConnection } from '@nats-io/transport-node';

export interface NatsOptions {
  readonly url: string;
  readonly name: string;
  /** Prefix of reply subjects, which the server's permissions allow to this service alone. */
  readonly inboxPrefix?: string;
}

/** Connects, and keeps trying for ever: NATS may come up later or go away for a while. User and password come in the URL. */
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
    ...(url.username
      ? { user: decodeURIComponent(url.username), pass: decodeURIComponent(url.password) }
      : {}),
  };
  return connect(settings);
}
