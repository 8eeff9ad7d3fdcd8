import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { Problem } from '@zoco/kernel';
import { problemAnswer, type RunningServer, runningServer } from '@zoco/service';

export interface PublicServerOptions {
  readonly listener: RequestListener;
  readonly host: string;
  readonly port: number;
  readonly connectionsMax: number;
  /** Time for the head of a request to arrive. Default 5 s. */
  readonly headersTimeoutMs?: number;
}

/**
 * Listens with the limits against slow, broken and greedy clients. The time of a whole request is watched over where its kind is
 * known, since imports may take long.
 * @throws Error `EADDRINUSE` when the port is taken
 */
export function servePublic(options: PublicServerOptions): Promise<RunningServer> {
  const headersTimeout = options.headersTimeoutMs ?? 5000;
  const server = createServer(
    {
      headersTimeout,
      requestTimeout: 600_000,
      connectionsCheckingInterval: Math.min(1000, headersTimeout),
      // Longer than the idle time of load balancers in front, so that they close first.
      keepAliveTimeout: 65_000,
      maxHeaderSize: 16 * 1024,
      noDelay: true,
    },
    options.listener,
  );
  server.maxConnections = options.connectionsMax;
  server.on('clientError', refuse);
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.port, options.host, () => {
      resolve(runningServer(server, portOf(server.address())));
    });
  });
}

/** What the parser refuses never reaches the listener: broken HTTP, two lengths, headers too large or too late. */
function refuse(error: Error & { code?: string }, socket: Socket): void {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy();
    return;
  }
  const { status, headers, body } = problemAnswer(parserProblem(error.code), '/');
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}`);
  socket.end(
    [
      `HTTP/1.1 ${error.code === 'HPE_HEADER_OVERFLOW' ? '431 Request Header Fields Too Large' : `${status} Refused`}`,
      ...lines,
      `content-length: ${Buffer.byteLength(body)}`,
      'connection: close',
      '',
      body,
    ].join('\r\n'),
  );
}

function parserProblem(code: string | undefined): Problem {
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT')
    return new Problem('timeout', 'request_timeout', 'The request took too long to arrive.');
  if (code === 'HPE_HEADER_OVERFLOW')
    return new Problem('malformed', 'headers_too_large', 'The headers are too large.');
  return new Problem('malformed', 'request_malformed', 'This is not HTTP as it should be.');
}

function portOf(address: AddressInfo | string | null): number {
  return typeof address === 'object' && address !== null ? address.port : 0;
}
