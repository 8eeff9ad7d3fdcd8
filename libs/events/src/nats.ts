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
 * Connects, and keeps trying for ever: NATS may come up later, go away for a while, or not know the password yet.
 * @param options.url see `natsServer`
 * @throws Error when the signal aborts before the first connection stands
 */
export function connectNats(options: NatsOptions): Promise<NatsConnection> {
  const settings: ConnectionOptions = {
    ...natsServer(options.url),
    name: options.name,
    inboxPrefix: options.inboxPrefix ?? `_INBOX_${options.name}`,
    waitOnFirstConnect: true,
    maxReconnectAttempts: -1,
    reconnectTimeWait: 100,
    reconnectJitter: 1900,
    pingInterval: 10_000,
    // The stack of each request, kept in case it fails, would cost more than the request; errors say what was asked anyway.
    noAsyncTraces: true,
    // Without it the second refusal ends the connection for good, and a password is refused while it is being changed.
    ignoreAuthErrorAbort: true,
    // Asked for a server before each attempt; to throw is the only way to end them.
    reconnectToServer() {
      options.signal?.throwIfAborted();
      return null;
    },
  };
  return connect(settings);
}

/**
 * What a URL says of the server and the login: `nats://user:password@host:4222`, or `tls://…` to insist on TLS, with the file of
 * the authority to trust instead of the usual ones as `?ca_file=/etc/…/ca.crt`.
 */
export function natsServer(natsUrl: string): Pick<ConnectionOptions, 'servers' | 'user' | 'pass' | 'tls'> {
  const url = new URL(natsUrl);
  const caFile = url.searchParams.get('ca_file');
  return {
    servers: url.host,
    ...(url.username
      ? { user: decodeURIComponent(url.username), pass: decodeURIComponent(url.password) }
      : {}),
    ...(url.protocol === 'tls:' ? { tls: caFile === null ? {} : { caFile } } : {}),
  };
}
