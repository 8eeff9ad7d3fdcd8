import { readFileSync, readdirSync, readlinkSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';

/**
 * What makes a process this one and no other: pids are reused, but not with the same start time in the same boot.
 * `startTicks` is field 22 of /proc/<pid>/stat (clock ticks since boot).
 * @see https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html
 */
export const ProcessIdentity = z.object({
  pid: z.number().int().positive(),
  startTicks: z.string(),
  bootId: z.string(),
  command: z.string(),
});
export type ProcessIdentity = z.infer<typeof ProcessIdentity>;

/** The identity of a living process, or undefined when there is none (a zombie counts as none). */
export function identify(pid: number): ProcessIdentity | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The second field is the program name in parentheses and may itself hold spaces and parentheses.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    const [state, startTicks] = [fields[0], fields[19]];
    if (state === 'Z' || state === 'X' || startTicks === undefined) return undefined;
    return { pid, startTicks, bootId: bootId(), command: commandOf(pid) };
  } catch {
    return undefined;
  }
}

/** True when the recorded process still lives, and is not another one that got its pid. */
export function isAlive(recorded: ProcessIdentity): boolean {
  const now = identify(recorded.pid);
  return (
    now !== undefined &&
    now.startTicks === recorded.startTicks &&
    now.bootId === recorded.bootId &&
    now.command === recorded.command
  );
}

/** The command line of a process, its arguments joined by spaces; empty when it cannot be read. */
export function commandOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').join(' ').trim();
  } catch {
    return '';
  }
}

/** A signal and how long to wait for the process to end before the next, harder one. */
export interface EndStep {
  readonly signal: NodeJS.Signals;
  readonly waitMs: number;
}

/** Ends a process that is not our child (so there is no exit event), step by step until it is gone. */
export async function endProcess(recorded: ProcessIdentity, steps: readonly EndStep[]): Promise<void> {
  for (const { signal, waitMs } of steps) {
    if (!isAlive(recorded)) return;
    process.kill(recorded.pid, signal);
    const until = performance.now() + waitMs;
    while (performance.now() < until && isAlive(recorded)) await delay(20);
  }
}

/** The pid and command of whoever listens on a TCP port, as far as this user may see it. */
export function portHolder(port: number): { pid: number; command: string } | undefined {
  const inodes = new Set(
    ['/proc/net/tcp', '/proc/net/tcp6'].flatMap((table) => listeningInodes(table, port)),
  );
  if (inodes.size === 0) return undefined;
  for (const name of readdirSync('/proc')) {
    const pid = Number(name);
    if (Number.isInteger(pid) && ownsSocket(pid, inodes)) return { pid, command: commandOf(pid) };
  }
  return undefined;
}

const LISTEN = '0A';

function listeningInodes(table: string, port: number): string[] {
  try {
    const wanted = `:${port.toString(16).toUpperCase().padStart(4, '0')}`;
    return readFileSync(table, 'utf8')
      .split('\n')
      .slice(1)
      .map((line) => line.trim().split(/\s+/))
      .filter((field) => field[3] === LISTEN && field[1]?.endsWith(wanted))
      .flatMap((field) => field[9] ?? []);
  } catch {
    return [];
  }
}

function ownsSocket(pid: number, inodes: ReadonlySet<string>): boolean {
  const folder = `/proc/${pid}/fd`;
  try {
    return readdirSync(folder).some((fd) => {
      const target = readlinkSync(`${folder}/${fd}`);
      return target.startsWith('socket:[') && inodes.has(target.slice('socket:['.length, -1));
    });
  } catch {
    return false; // another user's process, or one that has just ended
  }
}

function bootId(): string {
  return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
}
