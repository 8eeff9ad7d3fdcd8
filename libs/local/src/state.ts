import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { constants, tmpdir } from 'node:os';
import { join } from 'node:path';
import { postgresUser } from './postgres-binaries.ts';
import { postgresDataDir } from './postgres-data.ts';
import { endAbandoned, ProcessLedger } from './process-ledger.ts';

/** A folder with everything that a running system keeps, held by this process until dispose. */
export interface State extends AsyncDisposable {
  readonly dir: string;
  readonly ledger: ProcessLedger;
}

const PREFIX = 'zoco-run-';

/** Takes a lasting state folder. @throws SetupError when another runner holds it */
export async function openState(dir: string, onLine: (line: string) => void): Promise<State> {
  mkdirSync(dir, { recursive: true, mode: 0o755 });
  const ledger = await ProcessLedger.open(dir, onLine);
  // Only a bug gets us to exit without dispose; then better no processes than forgotten ones.
  const kill = () => ledger.killAll();
  process.once('exit', kill);
  return {
    dir,
    ledger,
    async [Symbol.asyncDispose]() {
      process.off('exit', kill);
      ledger.close();
    },
  };
}

/**
 * A state folder under the system's temporary folder, removed on dispose. What runs that were killed have left there
 * (processes and data) is cleared away first.
 */
export async function openTemporaryState(): Promise<State> {
  await clearAbandoned();
  const dir = mkdtempSync(join(tmpdir(), PREFIX));
  chmodSync(dir, 0o711); // the user that Postgres runs as passes through
  const ledger = await ProcessLedger.open(dir);
  const release = onExit(() => {
    ledger.killAllNow();
    deleteState(dir);
  });
  return {
    dir,
    ledger,
    async [Symbol.asyncDispose]() {
      release();
      ledger.close();
      deleteState(dir);
    },
  };
}

/**
 * Runs `clean` when this process exits, also by a signal that would end it without a word: test runners and benchmarks
 * are stopped that way, and no test run should leave a Postgres behind. Returns what calls it off.
 */
function onExit(clean: () => void): () => void {
  const exit = (signal: NodeJS.Signals) => process.exit(128 + constants.signals[signal]);
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
  process.once('exit', clean);
  for (const signal of signals) process.once(signal, exit);
  return () => {
    process.off('exit', clean);
    for (const signal of signals) process.off(signal, exit);
  };
}

/** Deletes a state folder with the data that may lie elsewhere on its behalf. Nothing may run in it. */
export function deleteState(dir: string): void {
  rmSync(postgresDataDir(join(dir, 'postgres'), postgresUser()), { recursive: true, force: true });
  rmSync(dir, { recursive: true, force: true });
}

/** Deletes what a system has stored, and the keys to it; logs and downloaded programs stay. */
export function deleteData(dir: string): void {
  rmSync(postgresDataDir(join(dir, 'postgres'), postgresUser()), { recursive: true, force: true });
  for (const name of [
    'postgres.password',
    'nats',
    'prometheus',
    'secrets.json',
    'identity',
    'seeded',
    'stripe-sandbox.journal',
  ]) {
    rmSync(join(dir, name), { recursive: true, force: true });
  }
}

async function clearAbandoned(): Promise<void> {
  for (const name of readdirSync(tmpdir())) {
    const dir = join(tmpdir(), name);
    // Without the ledger it is just being made, or being deleted, by somebody who lives.
    if (!name.startsWith(PREFIX) || !existsSync(join(dir, 'processes.json'))) continue;
    try {
      await endAbandoned(dir);
      deleteState(dir);
    } catch {
      // In use, or another user's.
    }
  }
}
