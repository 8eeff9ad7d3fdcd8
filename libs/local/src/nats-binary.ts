import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { type DebianProgram, obtainProgram } from './debian-program.ts';

export interface NatsBinary {
  readonly file: string;
  /** `[2, 9, 10]` */
  readonly version: readonly number[];
}

const NATS_SERVER: DebianProgram = {
  name: 'nats-server',
  debianPackage: 'nats-server',
  packedFile: 'usr/sbin/nats-server',
  cure: 'install it (Debian, Ubuntu: `sudo apt-get install nats-server`; elsewhere: https://nats.io/download), or set NATS_URL to a server of yours.',
};

/**
 * Finds nats-server, or fetches it where that is possible without asking.
 * @throws SetupError when there is none and it cannot be had
 */
export async function natsBinary(onLine?: (line: string) => void): Promise<NatsBinary> {
  const file = obtainProgram(NATS_SERVER, onLine);
  const { stdout } = await promisify(execFile)(file, ['--version']);
  return { file, version: parseVersion(stdout) };
}

/** `nats-server: v2.10.4-RC.1` → `[2, 10, 4]`. */
export function parseVersion(text: string): readonly number[] {
  const match = /v?(\d+)\.(\d+)\.(\d+)/.exec(text);
  return match === null ? [0, 0, 0] : match.slice(1).map(Number);
}

/** True when `version` is `minimum` or newer, compared number by number. */
export function isAtLeast(version: readonly number[], minimum: readonly number[]): boolean {
  for (const [index, wanted] of minimum.entries()) {
    const found = version[index] ?? 0;
    if (found !== wanted) return found > wanted;
  }
  return true;
}
