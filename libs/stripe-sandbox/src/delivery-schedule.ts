/** Runs work on items when their time has come, some at once. */
export interface Schedule<T> {
  later(item: T, delayMs: number): void;
  /** Items that wait or are worked on. */
  readonly pending: number;
  readonly closed: boolean;
  /** Forgets what waits. */
  close(): void;
}

/** @param run must not reject */
export function createSchedule<T>(run: (item: T) => Promise<void>, concurrency: number): Schedule<T> {
  const timers = new Set<NodeJS.Timeout>();
  const ready: T[] = [];
  let running = 0;
  let closed = false;

  function pump(): void {
    if (running >= concurrency || closed) return;
    const item = ready.shift();
    if (item === undefined) return;
    running += 1;
    void run(item).finally(() => {
      running -= 1;
      pump();
    });
  }

  return {
    later(item, delayMs) {
      const timer = setTimeout(() => {
        timers.delete(timer);
        ready.push(item);
        pump();
      }, delayMs);
      timers.add(timer);
    },
    get pending() {
      return timers.size + ready.length + running;
    },
    get closed() {
      return closed;
    },
    close() {
      closed = true;
      for (const timer of timers) clearTimeout(timer);
      timers.clear();
    },
  };
}
