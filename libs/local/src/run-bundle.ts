import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { ServiceName } from '@zoco/contracts';
import { SetupError } from './setup-error.ts';

/**
 * Runs a program of a service's bundle to its end.
 * @throws SetupError with what it said when it fails
 */
export async function runBundle(
  root: string,
  service: ServiceName,
  program: string,
  env: Readonly<Record<string, string>>,
): Promise<void> {
  const cwd = join(root, 'services', service);
  try {
    await promisify(execFile)(process.execPath, [join(cwd, 'dist', `${program}.js`)], { cwd, env });
  } catch (error) {
    const words = error instanceof Error && 'stderr' in error ? String(error.stderr) : String(error);
    throw new SetupError(`${program} of ${service} failed:\n${words.trim()}`);
  }
}
