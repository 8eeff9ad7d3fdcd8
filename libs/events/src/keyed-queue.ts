/** Runs work of different keys at once, up to a limit, and work of one key in the order it was added. */
export interface KeyedQueue {
  /** Resolves when there is room for more, not when the work is done. Work must not reject. */
  add(key: string, work: () => Promise<void>): Promise<void>;
  /** Resolves when everything that was added is done. */
  idle(): Promise<void>;
}

export function createKeyedQueue(concurrency: number): KeyedQueue {
  const tails = new Map<string, Promise<void>>();
  const running = new Set<Promise<void>>();
  return {
    async add(key, work) {
      while (running.size >= concurrency) await Promise.race(running);
      const task = (tails.get(key) ?? Promise.resolve()).then(work).finally(() => {
        running.delete(task);
        if (tails.get(key) === task) tails.delete(key);
      });
      running.add(task);
      tails.set(key, task);
    },
    async idle() {
      while (running.size > 0) await Promise.all(running);
    },
  };
}
