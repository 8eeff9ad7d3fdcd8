import { setTimeout as delay } from 'node:timers/promises';
import { describeExit, type ServerProcess } from './server-process.ts';

export interface SupervisorOptions<T extends ServerProcess> {
  launch(): Promise<T>;
  /** Told when the process ended without being asked, and in how long it is started again. */
  onEnd(reason: string, retryMs: number): void;
}

/** A process that is started again whenever it ends by itself. */
export interface Supervised<T extends ServerProcess> {
  /** The process that runs now, if one does. */
  readonly current: T | undefined;
  /** Launches it; rejects when the first launch fails, later ones are tried again. */
  start(): Promise<T>;
  /** Ends it for good (until the next `start`), also in the middle of a launch. */
  stop(): Promise<void>;
}

const RETRY_FIRST_MS = 200;
const RETRY_MAX_MS = 5_000;
// Whoever has run this long gets a quick restart again.
const STABLE_MS = 30_000;

/** 0.2 s, then twice as long each time, up to 5 s. */
export function restartDelayMs(failures: number): number {
  return Math.min(RETRY_MAX_MS, RETRY_FIRST_MS * 2 ** failures);
}

export function supervise<T extends ServerProcess>(options: SupervisorOptions<T>): Supervised<T> {
  let current: T | undefined;
  let stopping = new AbortController();
  let keeping: Promise<void> = Promise.resolve();

  async function keep(first: T, stopped: AbortSignal): Promise<void> {
    let failures = 0;
    for (let process: T | undefined = first; process !== undefined;) {
      if (stopped.aborted) return process.stop();
      const startedMs = performance.now();
      current = process;
      const reason = describeExit(await process.exited);
      current = undefined;
      failures = performance.now() - startedMs > STABLE_MS ? 0 : failures + 1;
      process = await relaunch(reason, failures, stopped);
    }
  }

  async function relaunch(
    firstReason: string,
    failures: number,
    stopped: AbortSignal,
  ): Promise<T | undefined> {
    for (let reason = firstReason, tries = failures; !stopped.aborted; tries++) {
      const retryMs = restartDelayMs(tries - 1);
      options.onEnd(reason, retryMs);
      await delay(retryMs, undefined, { signal: stopped }).catch(() => {});
      if (stopped.aborted) return undefined;
      try {
        return await options.launch();
      } catch (error) {
        reason = error instanceof Error ? error.message : String(error);
      }
    }
    return undefined;
  }

  return {
    get current() {
      return current;
    },
    start() {
      stopping = new AbortController();
      const { signal } = stopping;
      const launching = options.launch();
      keeping = launching.then(
        (first) => keep(first, signal),
        () => {},
      );
      return launching;
    },
    async stop() {
      stopping.abort();
      await current?.stop();
      await keeping;
    },
  };
}
