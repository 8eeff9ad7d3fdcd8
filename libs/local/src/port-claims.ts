import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { errorCode } from './setup-error.ts';

const folder = join(tmpdir(), `zoco-ports-${process.getuid?.() ?? ''}`);
const claimed = new Set<string>();

/**
 * Claims a port for this process: seconds pass between the choice of a port and its use, in which systems that start at the same time
 * would choose the same one. Claims end with their process, however it ends.
 * @returns false when another process that lives, or this one, has claimed it
 */
export function claimPort(port: number): boolean {
  mkdirSync(folder, { recursive: true });
  const file = join(folder, String(port));
  if (!create(file)) {
    if (isAlive(holderOf(file))) return false;
    rmSync(file, { force: true });
    if (!create(file)) return false;
  }
  if (claimed.size === 0)
    process.once('exit', () => claimed.forEach((path) => rmSync(path, { force: true })));
  claimed.add(file);
  return true;
}

function create(file: string): boolean {
  try {
    writeFileSync(file, String(process.pid), { flag: 'wx' });
    return true;
  } catch (error) {
    if (errorCode(error) === 'EEXIST') return false;
    throw error;
  }
}

function holderOf(file: string): number {
  try {
    return Number(readFileSync(file, 'utf8'));
  } catch {
    return 0;
  }
}

function isAlive(pid: number): boolean {
  // A file that is empty is being written at this moment.
  if (pid === 0) return true;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return errorCode(error) === 'EPERM';
  }
}
