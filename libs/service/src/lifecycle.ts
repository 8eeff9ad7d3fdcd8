import { setTimeout as delay } from 'node:timers/promises';
import { type ServerType, serve as serveHono } from '@hono/node-server';

/** Aborts on SIGTERM or SIGINT. */
export function stopSignal(): AbortSignal {
  const controller = new AbortController();
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => controller.abort());
  return controller.signal;
}

/** Resolves when the signal aborts. */
export function untilAborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
}

export interface ServeOptions {
  readonly fetch: (request: Request) => Response | Promise<Response>;
  readonly host: string;
  readonly port: number;
  /** Time for a whole request to arrive. Default 10 s; longer where uploads are streamed. */
  readonly requestTimeoutMs?: number;
}

export interface RunningServer {
  readonly port: number;
  /** Stops accepting, lets requests in flight end, and cuts what is left after `timeoutMs`. */
  close(timeoutMs: number): Promise<void>;
}

/**
 * Listens with the limits against slow and broken clients.
 * @throws Error `EADDRINUSE` when the port is taken
 */
export function serve(options: ServeOptions): Promise<RunningServer> {
  return new Promise((resolve, reject) => {
    const server = serveHono(
      {
        fetch: options.fetch,
        hostname: options.host,
        port: options.port,
        serverOptions: {
          headersTimeout: 5000,
          requestTimeout: options.requestTimeoutMs ?? 10_000,
          connectionsCheckingInterval: 1000,
          keepAliveTimeout: 65_000,
          maxHeaderSize: 16 * 1024,
        },
      },
      ({ port }) => resolve({ port, close: (timeoutMs) => close(server, timeoutMs) }),
    );
    server.once('error', reject);
  });
}

async function close(server: ServerType, timeoutMs: number): Promise<void> {
  const { promise: closed, resolve } = Promise.withResolvers<void>();
  server.close(() => resolve());
  if ('closeIdleConnections' in server) server.closeIdleConnections();
  const cut = new AbortController();
  const late = delay(timeoutMs, undefined, { signal: cut.signal, ref: false }).then(
    () => {
      if ('closeAllConnections' in server) server.closeAllConnections();
    },
    () => {},
  );
  await closed;
  cut.abort();
  await late;
}
