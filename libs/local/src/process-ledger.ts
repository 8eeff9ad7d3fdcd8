import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { type EndStep, endProcess, identify, isAlive, ProcessIdentity } from './process-identity.ts';
import { errorCode, SetupError } from './setup-error.ts';

const Ledger = z.object({
  runner: ProcessIdentity,
  children: z.array(ProcessIdentity.extend({ name: z.string() })),
});
type Ledger = z.infer<typeof Ledger>;

/** How each kind of process is asked to end: SIGINT is Postgres' fast shutdown, SIGQUIT its immediate one. */
export const POSTGRES_END: readonly EndStep[] = [
  { signal: 'SIGINT', waitMs: 20_000 },
  { signal: 'SIGQUIT', waitMs: 5_000 },
  { signal: 'SIGKILL', waitMs: 5_000 },
];
export const PROCESS_END: readonly EndStep[] = [
  { signal: 'SIGTERM', waitMs: 20_000 },
  { signal: 'SIGKILL', waitMs: 5_000 },
];

/**
 * The processes that a runner has started, on disk, so that the next runner can end them when this one was killed
 * without a chance to do it itself. The file is also the lock of the state folder: one runner at a time.
 */
export class ProcessLedger {
  readonly #file: string;
  readonly #entries: Ledger;

  private constructor(file: string, entries: Ledger) {
    this.#file = file;
    this.#entries = entries;
  }

  /**
   * Takes the state folder for this process, ending what a killed runner left behind.
   * @throws SetupError when another runner lives in this folder
   */
  static async open(dir: string, onLine: (line: string) => void = () => {}): Promise<ProcessLedger> {
    mkdirSync(dir, { recursive: true });
    const file = join(dir, 'processes.json');
    const runner = identify(process.pid);
    if (runner === undefined)
      throw new SetupError('Zoco needs /proc to keep track of its processes: run it on Linux.');
    for (let attempt = 0; attempt < 3; attempt++) {
      if (takeLock(file, { runner, children: [] })) return new ProcessLedger(file, { runner, children: [] });
      await endAbandoned(dir, onLine);
    }
    throw new SetupError(`Another \`npm start\` is starting in ${dir} right now: wait for it, or stop it.`);
  }

  /** Records a child right after its spawn. */
  add(name: string, pid: number): void {
    const identity = identify(pid);
    if (identity === undefined) return; // it has ended already
    this.#entries.children = [...this.#entries.children.filter(isAlive), { name, ...identity }];
    const next = `${this.#file}.new`;
    writeFileSync(next, JSON.stringify(this.#entries));
    renameSync(next, this.#file);
  }

  /** Ends every recorded process at once, for somebody who will not wait for an orderly stop. */
  killAll(): void {
    for (const child of this.#entries.children.filter(isAlive)) {
      // Postgres must get the chance to release its shared memory; SIGQUIT is its quickest end.
      process.kill(child.pid, child.name === 'postgres' ? 'SIGQUIT' : 'SIGKILL');
    }
  }

  /** `killAll`, then waits for a moment without giving up the thread: for a process that is exiting. */
  killAllNow(): void {
    this.killAll();
    const pause = new Int32Array(new SharedArrayBuffer(4));
    for (let waits = 0; waits < 100 && this.#entries.children.some(isAlive); waits++)
      Atomics.wait(pause, 0, 0, 10);
  }

  /** Gives the folder back; to be called when every child has ended. */
  close(): void {
    rmSync(this.#file, { force: true });
  }
}

/**
 * Ends the processes that a killed runner left in this state folder and releases the folder.
 * @throws SetupError when that runner is alive
 */
export async function endAbandoned(dir: string, onLine: (line: string) => void = () => {}): Promise<void> {
  const file = join(dir, 'processes.json');
  if (!existsSync(file)) return;
  const ledger = readLedger(file);
  if (ledger !== undefined && isAlive(ledger.runner)) {
    throw new SetupError(
      `Zoco already runs here (pid ${ledger.runner.pid}): stop it with Ctrl-C in its terminal, or with \`kill ${ledger.runner.pid}\`.`,
    );
  }
  const left = ledger?.children.filter(isAlive) ?? [];
  if (left.length > 0)
    onLine(`ending what a killed run left behind: ${left.map((child) => child.name).join(', ')}`);
  // Services first: they write to the servers until their last moment.
  const isServer = (name: string) => name === 'postgres' || name === 'nats';
  for (const group of [
    left.filter((child) => !isServer(child.name)),
    left.filter((child) => isServer(child.name)),
  ]) {
    await Promise.all(
      group.map((child) => endProcess(child, child.name === 'postgres' ? POSTGRES_END : PROCESS_END)),
    );
  }
  rmSync(file, { force: true });
}

function takeLock(file: string, ledger: Ledger): boolean {
  try {
    const descriptor = openSync(file, 'wx', 0o644);
    writeFileSync(descriptor, JSON.stringify(ledger));
    closeSync(descriptor);
    return true;
  } catch (error) {
    if (errorCode(error) === 'EEXIST') return false;
    throw error;
  }
}

function readLedger(file: string): Ledger | undefined {
  try {
    return Ledger.parse(JSON.parse(readFileSync(file, 'utf8')));
  } catch {
    return undefined; // torn by a crash: there is nothing in it that could be proven ours
  }
}
