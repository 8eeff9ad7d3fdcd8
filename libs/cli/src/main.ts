import { run } from './run.ts';
import { lookAround } from './surroundings.ts';
import { processTerminal } from './terminal.ts';

// `npm run zoco -- <command>`. The first Ctrl-C ends what is under way in order, the second at once.

const controller = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => controller.abort());
// Whoever reads our output may go away (`| head`); that is no fault.
for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {});

process.exitCode = await run(process.argv.slice(2), {
  surroundings: lookAround(process.env),
  terminal: processTerminal(),
  signal: controller.signal,
});
