import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { identify, isAlive, type ProcessIdentity } from './process-identity.ts';
import { endAbandoned, ProcessLedger } from './process-ledger.ts';

let dir: string;
const children: ChildProcess[] = [];

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'zoco-ledger-'));
});

afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
  rmSync(dir, { recursive: true, force: true });
});

async function startChild(): Promise<ProcessIdentity> {
  const child = spawn('sleep', ['600'], { stdio: 'ignore' });
  children.push(child);
  await once(child, 'spawn');
  const identity = identify(child.pid ?? 0);
  if (identity === undefined) throw new Error('sleep did not start');
  return identity;
}

/** What a killed runner leaves: a ledger whose runner is gone. */
async function abandon(entries: readonly (ProcessIdentity & { name: string })[]): Promise<void> {
  const runner = await startChild();
  const child = children.pop();
  child?.kill('SIGKILL');
  if (child !== undefined) await once(child, 'exit');
  writeFileSync(join(dir, 'processes.json'), JSON.stringify({ runner, children: entries }));
}

describe('one runner at a time', () => {
  test('a second one is refused with the pid of the first', async () => {
    const first = await ProcessLedger.open(dir);
    await expect(ProcessLedger.open(dir)).rejects.toThrow(`Zoco already runs here (pid ${process.pid})`);
    first.close();
    (await ProcessLedger.open(dir)).close();
    expect(existsSync(join(dir, 'processes.json'))).toBe(false);
  });

  test('a ledger torn by a crash does not lock the folder for ever', async () => {
    writeFileSync(join(dir, 'processes.json'), '{"runner":{"pi');
    const ledger = await ProcessLedger.open(dir);
    ledger.close();
    expect(existsSync(join(dir, 'processes.json'))).toBe(false);
  });
});

describe('after a killed runner', () => {
  test('its processes are ended, and said to be', async () => {
    const [postgres, users] = [await startChild(), await startChild()];
    await abandon([
      { name: 'postgres', ...postgres },
      { name: 'users', ...users },
    ]);
    const lines: string[] = [];
    (await ProcessLedger.open(dir, (line) => lines.push(line))).close();
    expect([isAlive(postgres), isAlive(users)]).toEqual([false, false]);
    expect(lines).toEqual(['ending what a killed run left behind: postgres, users']);
  });

  test.each<[string, Partial<ProcessIdentity>]>([
    ['start time', { startTicks: '1' }],
    ['boot', { bootId: 'another' }],
    ['command', { command: 'sleep 601' }],
  ])('a process that only shares the pid, not the %s, is left alone', async (_what, other) => {
    const stranger = await startChild();
    await abandon([{ name: 'users', ...stranger, ...other }]);
    await endAbandoned(dir);
    expect(isAlive(stranger)).toBe(true);
  });
});

test('children are written down at once, and those that ended are forgotten', async () => {
  const ledger = await ProcessLedger.open(dir);
  const [first, second] = [await startChild(), await startChild()];
  const names = () => (readFileSync(join(dir, 'processes.json'), 'utf8').match(/"name":"\w+"/g) ?? []).join();
  ledger.add('users', first.pid);
  expect(names()).toBe('"name":"users"');
  const child = children[0];
  child?.kill('SIGKILL');
  if (child !== undefined) await once(child, 'exit');
  ledger.add('catalog', second.pid);
  expect(names()).toBe('"name":"catalog"');
  ledger.killAll();
  await Promise.all(children.slice(1).map((left) => once(left, 'exit')));
  expect(isAlive(second)).toBe(false);
  ledger.close();
});
