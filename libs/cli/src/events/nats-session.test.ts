import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { expect, test } from 'vitest';
import { openNats } from './nats-session.ts';

test('a server that accepts connections and says nothing is given up', async () => {
  const sockets: Socket[] = [];
  const server = createServer((socket) => sockets.push(socket)).listen(0, '127.0.0.1');
  await once(server, 'listening');
  try {
    const { port } = server.address() as AddressInfo;
    await expect(openNats(`nats://127.0.0.1:${port}`)).rejects.toThrow(
      'does not answer (no word within 3 s)',
    );
  } finally {
    for (const socket of sockets) socket.destroy();
    server.close();
  }
});
