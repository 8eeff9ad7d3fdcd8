import { Server } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { serve as serveHono } from '@hono/node-server';

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
  /** From now on every answer ends its connection, so that clients go elsewhere before the server is closed. */
  drain(): void;
  /** Stops accepting, lets requests in flight end, and cuts what is left after `timeoutMs`. */
  close(timeoutMs: number): Promise<void>;
}

// Clients keep idle connections for four seconds (the gateway by itself, fetch by the header that tells these six), so that a service
// never closes one in the moment it is used, and whoever drains for five seconds is left by all.
const KEEP_ALIVE_MS = 6000;

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
          keepAliveTimeout: KEEP_ALIVE_MS,
          maxHeaderSize: 16 * 1024,
        },
      },
      ({ port }) => {
        if (server instanceof Server) resolve(runningServer(server, port));
        else reject(new Error('this is no HTTP/1.1 server'));
      },
    );
    server.once('error', reject);
  });
}

/** How a server that listens is brought to its end. */
export function runningServer(server: Server, port: number): RunningServer {
  return {
    port,
    drain() {
      server.prependListener('request', (_request, response) => {
        response.shouldKeepAlive = false;
      });
    },
    close: (timeoutMs) => close(server, timeoutMs),
  };
}

async function close(server: Server, timeoutMs: number): Promise<void> {
  const { promise: closed, resolve } = Promise.withResolvers<void>();
  server.close(() => resolve());
  // A connection whose last answer comes after this moment becomes idle later.
  const idle = setInterval(() => server.closeIdleConnections(), 50);
  const finished = new AbortController();
  const cut = delay(timeoutMs, undefined, { signal: finished.signal, ref: false }).then(
    () => server.closeAllConnections(),
    () => {},
  );
  await closed;
  clearInterval(idle);
  finished.abort();
  await cut;
}
