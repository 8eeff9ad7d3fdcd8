import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { SetupError } from './setup-error.ts';

/**
 * Builds the bundles that are out of date. Says nothing unless it fails.
 * @throws SetupError with what the build printed
 */
export async function buildServices(root: string, signal?: AbortSignal): Promise<void> {
  const bin = join(root, 'node_modules/.bin');
  const child = spawn(join(bin, 'turbo'), ['run', 'build', '--output-logs=errors-only', '--ui=stream'], {
    cwd: root,
    env: {
      ...process.env,
      // The build scripts say `node` and mean the pinned one.
      PATH: `${bin}:${process.env['PATH'] ?? ''}`,
      TURBO_TELEMETRY_DISABLED: '1',
    },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
    ...(signal === undefined ? {} : { signal }),
  });
  const output: Buffer[] = [];
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => output.push(chunk));
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  if (code !== 0) throw new SetupError(`The build failed:\n${Buffer.concat(output).toString().trimEnd()}`);
}
