import { Problem } from './problem.ts';

export interface GateOptions {
  /** How many may run at once. */
  readonly concurrency: number;
  /** How many may wait; one more is refused at once. */
  readonly queueMax: number;
  /** How long one may wait before it is refused. */
  readonly waitMsMax: number;
  /** Code of the problem that a refused caller gets (503). */
  readonly code: string;
}

export interface Gate {
  /** Runs `work` when there is room. @throws Problem `unavailable` when the queue is full or the wait too long */
  run<T>(work: () => Promise<T>): Promise<T>;
  readonly running: number;
  readonly waiting: number;
}

/** Bounds concurrency and queueing, so that overload answers quickly instead of piling up. */
export function createGate(options: GateOptions): Gate {
  const queue = new Set<() => void>();
  let running = 0;

  const refuse = () =>
    new Problem('unavailable', options.code, 'The service is busy. Try again in a moment.', {
      retryAfterSeconds: 1,
    });

  function enter(): Promise<void> {
    if (running < options.concurrency) {
      running += 1;
      return Promise.resolve();
    }
    if (queue.size >= options.queueMax) return Promise.reject(refuse());
    return new Promise((resolve, reject) => {
      const admit = () => {
        clearTimeout(timer);
        resolve();
      };
      const timer = setTimeout(() => {
        queue.delete(admit);
        reject(refuse());
      }, options.waitMsMax);
      queue.add(admit);
    });
  }

  function leave(): void {
    const [next] = queue;
    if (next === undefined) {
      running -= 1;
      return;
    }
    // The place is handed over, so a newcomer cannot overtake the queue.
    queue.delete(next);
    next();
  }

  return {
    async run(work) {
      await enter();
      try {
        return await work();
      } finally {
        leave();
      }
    },
    get running() {
      return running;
    },
    get waiting() {
      return queue.size;
    },
  };
}
