import { join } from 'node:path';
import { scheduleAsBatch } from './batch-scheduling.ts';
import { parsePortOffset } from './ports.ts';
import type { RunningSystem } from './running-system.ts';
import { SetupError } from './setup-error.ts';
import { parseStartOptions, START_HELP, type StartOptions } from './start-options.ts';
import { createStatusBoard, type StatusBoard } from './status-board.ts';
import { aborted, listenForStop, type StopSignals } from './stop-signals.ts';
import { ROOT } from './repository.ts';
import { startSystem } from './system.ts';
import { watchSources } from './watch.ts';
import { welcome } from './welcome.ts';

// `npm start`: everything on this machine, until Ctrl-C.

async function run(options: StartOptions): Promise<void> {
  const startedMs = performance.now();
  scheduleAsBatch();
  const signals = listenForStop();
  const board = createStatusBoard(process.stdout);
  const system = await start(options, signals, board).catch((error: unknown) => {
    board.close();
    if (signals.stop.aborted) return undefined; // asked to stop before everything ran: that is no failure
    throw error;
  });
  if (system === undefined) return;
  try {
    for (const line of welcome(system, performance.now() - startedMs)) board.print(line);
    if (options.watch)
      await watchSources(system, { root: ROOT, onLine: (line) => board.print(line), signal: signals.stop });
    else await aborted(signals.stop);
  } finally {
    board.close();
    console.log('\nstopping… (Ctrl-C again: at once)');
    await system.stop();
    console.log('stopped');
  }
}

function start(options: StartOptions, signals: StopSignals, board: StatusBoard): Promise<RunningSystem> {
  const [databaseUrl, natsUrl] = ['DATABASE_URL', 'NATS_URL'].map((name) => process.env[name] || undefined);
  if (options.fresh && databaseUrl !== undefined) {
    throw new SetupError(
      '--fresh deletes only data of servers that Zoco starts: DATABASE_URL is set, so drop the zoco_* databases there yourself.',
    );
  }
  return startSystem({
    dir: join(ROOT, '.zoco'),
    portOffset: parsePortOffset(process.env['ZOCO_PORT_OFFSET']),
    databaseUrl,
    natsUrl,
    fresh: options.fresh,
    seed: true,
    observe: options.observe,
    signal: signals.stop,
    hasten: signals.hasten,
    onLine: (line) => board.print(line),
    onState: (service, state) => board.set(service, state),
  });
}

// Whoever reads our output may go away (a closed terminal, `| head`); that is no reason to leave processes behind.
for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {});

try {
  const options = parseStartOptions(process.argv.slice(2));
  if (options.help) console.log(START_HELP);
  else await run(options);
} catch (error) {
  console.error(error instanceof SetupError ? error.message : error);
  process.exitCode = 1;
}
