import { spawn } from 'node:child_process';
import { PROCESS_END } from './process-ledger.ts';
import { end, type Exit, type ServerProcess } from './server-process.ts';
import type { ServiceLog } from './service-log.ts';

// Node sizes its heap for the machine; a service that holds next to nothing should not keep hundreds of megabytes of
// garbage (7 MB less when idle, much less after a burst). With a small limit it also collects the old generation whenever it has grown by
// half; what waits for an answer would be copied there at every turn of a small young one: 16 MB and three times as much take a third off
// the collector's work. Threads that help to collect a small heap cost more in wake-ups than they save, with seven services on a few
// cores. --enable-source-maps would cost each one 38 MB.
const NODE_FLAGS = [
  '--max-old-space-size=256',
  '--max-semi-space-size=16',
  '--heap-growing-percent=200',
  '--single-threaded-gc',
];

/** Starts a Node program, in a session of its own so that Ctrl-C reaches only us. */
export function spawnNode(
  cwd: string,
  file: string,
  env: Readonly<Record<string, string>>,
  log: ServiceLog,
): Promise<ServerProcess> {
  const child = spawn(process.execPath, [...NODE_FLAGS, file], {
    cwd,
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => log.write(chunk));
  // 'close' comes after the last output, so that its last words are known when its end is reported.
  const exited = new Promise<Exit>((resolve) =>
    child.once('close', (code, signal) => resolve({ code, signal })),
  );
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('spawn', () => {
      resolve({
        pid: child.pid ?? 0,
        exited,
        stop: () => end((signal) => child.kill(signal), exited, PROCESS_END),
      });
    });
  });
}
