import { setTimeout as delay } from 'node:timers/promises';
import { NO_ANSWER } from './readiness.ts';
import type { ServerProcess } from './server-process.ts';
import { SetupError } from './setup-error.ts';
import { supervise } from './supervisor.ts';
import {
  createStateCell,
  describeState,
  type StateCell,
  type UnitName,
  type UnitState,
} from './unit-state.ts';

export interface ServiceUnit {
  readonly name: UnitName;
  readonly state: UnitState;
  /** How many processes it has had. */
  readonly launches: number;
  /** The variables are for this one process: whoever replaces it starts without them, so a failpoint fires once. */
  start(extraEnv?: Readonly<Record<string, string>>): Promise<void>;
  /**
   * Resolves when it is ready.
   * @throws SetupError with the reason when the signal aborts before
   */
  whenReady(signal: AbortSignal): Promise<void>;
  /** Sends a signal; for one that ends the process, resolves when it has ended. It will be started again. */
  kill(signal: NodeJS.Signals): Promise<void>;
  stop(): Promise<void>;
}

export interface ServiceUnitOptions {
  readonly name: UnitName;
  /** Where people find it. */
  readonly url: string;
  /** Undefined when it is ready. */
  whyNotReady(): Promise<string | undefined>;
  spawn(extraEnv: Readonly<Record<string, string>>): Promise<ServerProcess>;
  /** The last words of a process that ended. */
  lastError(): string | undefined;
  readonly onState: (state: UnitState) => void;
}

const ASK_FIRST_MS = 50;
const ASK_READY_MS = 2_000;
const HARMLESS_SIGNALS: readonly NodeJS.Signals[] = ['SIGSTOP', 'SIGCONT', 'SIGUSR1', 'SIGUSR2'];

/** One service: its process, kept alive, and what its readiness says. */
export function createServiceUnit(options: ServiceUnitOptions): ServiceUnit {
  const state = createStateCell(options.onState);
  let extraEnv: Readonly<Record<string, string>> = {};
  let launches = 0;

  const supervised = supervise({
    async launch() {
      const env = extraEnv;
      launches += 1;
      extraEnv = {};
      const launched = await options.spawn(env);
      state.set({ kind: 'starting' });
      void follow(launched, options, state);
      return launched;
    },
    onEnd(reason, retryMs) {
      const words = options.lastError();
      state.set({ kind: 'ended', detail: words === undefined ? reason : `${reason}: ${words}`, retryMs });
    },
  });

  return {
    name: options.name,
    get state() {
      return state.now;
    },
    get launches() {
      return launches;
    },
    async start(env = {}) {
      extraEnv = env;
      await supervised.start();
    },
    async whenReady(signal) {
      while (state.now.kind !== 'ready') {
        if (signal.aborted)
          throw new SetupError(`${options.name} did not get ready: ${describeState(state.now)}`);
        await state.changed(signal);
      }
    },
    async kill(signal) {
      const running = supervised.current;
      if (running === undefined) return;
      process.kill(running.pid, signal);
      if (!HARMLESS_SIGNALS.includes(signal)) await running.exited;
    },
    async stop() {
      await supervised.stop();
      state.set({ kind: 'stopped' });
    },
  };
}

/** Keeps the state of one process up to date until its end. */
async function follow(process: ServerProcess, options: ServiceUnitOptions, state: StateCell): Promise<void> {
  const startedMs = performance.now();
  let afterMs: number | undefined;
  const ended = new AbortController();
  void process.exited.then(() => ended.abort());
  while (!ended.signal.aborted) {
    const reason = await options.whyNotReady();
    if (ended.signal.aborted) return;
    if (reason === undefined) {
      afterMs ??= Math.round(performance.now() - startedMs);
      state.set({ kind: 'ready', afterMs, pid: process.pid, place: options.url });
    } else if (state.now.kind !== 'starting' || reason !== NO_ANSWER) {
      state.set({ kind: 'not_ready', detail: reason });
    }
    const pauseMs = reason === undefined ? ASK_READY_MS : ASK_FIRST_MS;
    await delay(pauseMs, undefined, { signal: ended.signal }).catch(() => {});
  }
}
