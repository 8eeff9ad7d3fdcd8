import { readdirSync, readFileSync } from 'node:fs';

const TICKS_PER_SECOND = 100;

/** CPU seconds that a process and all below it have used, by the name of the group it belongs to. */
export function cpuSecondsOf(rootPid: number): Map<string, number> {
  const parents = new Map<number, number>();
  const used = new Map<number, { label: string; seconds: number }>();
  for (const entry of readdirSync('/proc')) {
    const pid = Number(entry);
    if (!Number.isInteger(pid)) continue;
    try {
      const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
      const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
      parents.set(pid, Number(fields[1]));
      const ticks = Number(fields[11]) + Number(fields[12]);
      used.set(pid, { label: labelOf(pid), seconds: ticks / TICKS_PER_SECOND });
    } catch {
      // The process ended between the two reads.
    }
  }
  const totals = new Map<string, number>();
  for (const [pid, { label, seconds }] of used) {
    if (isBelow(pid, rootPid, parents)) totals.set(label, (totals.get(label) ?? 0) + seconds);
  }
  return totals;
}

function labelOf(pid: number): string {
  const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ');
  const service = /services\/(\w+)\/dist/.exec(command)?.[1];
  if (service !== undefined) return service;
  if (/nats-server/.test(command)) return 'nats';
  if (/postgres/.test(command)) return 'postgres';
  if (/stripe-sandbox/.test(command)) return 'stripe sandbox';
  return 'load generator';
}

function isBelow(pid: number, root: number, parents: ReadonlyMap<number, number>): boolean {
  for (
    let current: number | undefined = pid;
    current !== undefined && current > 1;
    current = parents.get(current)
  ) {
    if (current === root) return true;
  }
  return false;
}
