import { spawn } from 'node:child_process';
import { closeSync, mkdirSync, openSync, readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import type { EndStep } from './process-identity.ts';
import type { RunAs } from './postgres-binaries.ts';

/** How a process ended. */
export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** A running child: its end is observed once, by whoever holds `exited`. */
export interface ServerProcess {
  readonly pid: number;
  readonly exited: Promise<Exit>;
  /** Asks it to end, harder with each step; resolves when it is gone. Safe to call more than once. */
  stop(): Promise<void>;
}

export interface ServerCommand {
  readonly file: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly logFile: string;
  readonly end: readonly EndStep[];
  readonly runAs?: RunAs | undefined;
}

/**
 * Starts a server with its output in a file: a pipe would kill it together with us. It gets a session of its own, so
 * that Ctrl-C reaches only us and everything ends in the right order.
 */
export function spawnServer(command: ServerCommand): Promise<ServerProcess> {
  mkdirSync(dirname(command.logFile), { recursive: true });
  const log = openSync(command.logFile, 'a');
  const child = spawn(command.file, command.args, {
    cwd: '/',
    env: command.env,
    stdio: ['ignore', log, log],
    detached: true,
    ...command.runAs,
  });
  closeSync(log);
  const exited = new Promise<Exit>((resolve) =>
    child.once('exit', (code, signal) => resolve({ code, signal })),
  );
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('spawn', () => {
      const pid = child.pid ?? 0;
      resolve({ pid, exited, stop: () => end((signal) => child.kill(signal), exited, command.end) });
    });
  });
}

/** Sends each step's signal until `exited` resolves. */
export async function end(
  kill: (signal: NodeJS.Signals) => unknown,
  exited: Promise<unknown>,
  steps: readonly EndStep[],
): Promise<void> {
  for (const { signal, waitMs } of steps) {
    kill(signal);
    if (await settlesWithin(exited, waitMs)) return;
  }
}

/** True when the promise settles within the time. */
export async function settlesWithin(promise: Promise<unknown>, waitMs: number): Promise<boolean> {
  const { promise: late, resolve } = Promise.withResolvers<false>();
  const timer = setTimeout(resolve, waitMs, false);
  const done = await Promise.race([promise.then(() => true), late]);
  clearTimeout(timer);
  return done;
}

/** The last lines of a log file, for the sentence that explains a failure. */
export function logTail(file: string, lineCount = 30): string[] {
  try {
    return readFileSync(file, 'utf8').trimEnd().split('\n').slice(-lineCount);
  } catch {
    return [];
  }
}

export function describeExit({ code, signal }: Exit): string {
  return signal === null ? `exit code ${code}` : `ended by ${signal}`;
}
