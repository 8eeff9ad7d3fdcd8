/** Runs work of one key once at a time. */
export interface SingleFlight<A extends unknown[]> {
  /** Starts the work, or joins the run that is under way. */
  join(key: string, ...args: A): Promise<void>;
  /** The same, but never a run that began before this call: it sees everything written until now. */
  afresh(key: string, ...args: A): Promise<void>;
  /** Keys of what runs. */
  keys(): string[];
  /** Resolves when nothing runs. */
  idle(): Promise<void>;
}

export function createSingleFlight<A extends unknown[]>(
  work: (...args: A) => Promise<void>,
): SingleFlight<A> {
  const running = new Map<string, Promise<void>>();
  const join = (key: string, ...args: A): Promise<void> => {
    const known = running.get(key);
    if (known !== undefined) return known;
    const started = work(...args).finally(() => running.delete(key));
    running.set(key, started);
    return started;
  };
  return {
    join,
    async afresh(key, ...args) {
      await running.get(key)?.catch(() => {});
      await join(key, ...args);
    },
    keys: () => [...running.keys()],
    async idle() {
      while (running.size > 0) await Promise.allSettled(running.values());
    },
  };
}
