import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';

/**
 * Waits until no process of this machine has its turn at the thing of that name, then holds it until dispose. Linux
 * only: the turn is a socket in its abstract namespace, which the kernel gives to one process and takes back when
 * that one dies.
 * @see https://man7.org/linux/man-pages/man7/unix.7.html
 */
export async function oneAtATime(name: string): Promise<AsyncDisposable> {
  // Such a name has 107 bytes at most.
  const path = `\0zoco-${createHash('sha256').update(name).digest('hex')}`;
  for (;;) {
    const turn = await take(path);
    if (turn !== undefined) return turn;
    await untilGivenBack(path);
  }
}

async function take(path: string): Promise<AsyncDisposable | undefined> {
  const waiting = new Set<Socket>();
  const server = createServer((socket) => waiting.add(socket.on('error', () => {})));
  try {
    await once(server.listen(path), 'listening');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EADDRINUSE') return undefined;
    throw error;
  }
  return { [Symbol.asyncDispose]: () => giveBack(server, waiting) };
}

async function giveBack(server: Server, waiting: ReadonlySet<Socket>): Promise<void> {
  const closed = once(server.close(), 'close');
  for (const socket of waiting) socket.destroy();
  await closed;
}

/** The connection ends with the turn, however that ends; when there is none to be had, it is over already. */
function untilGivenBack(path: string): Promise<void> {
  return new Promise((resolve) => {
    connect(path)
      .on('error', () => {})
      .on('close', () => resolve())
      .resume();
  });
}
