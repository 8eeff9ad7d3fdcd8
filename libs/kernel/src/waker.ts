/** A sleep that can be cut short. */
export interface Waker {
  readonly wake: () => void;
  /** Sleeps, at most `ms`; a wake-up that came while awake ends it at once. @returns whether it was woken */
  readonly sleep: (ms: number) => Promise<boolean>;
}

/** For loops that work whenever there is something to do. When the signal aborts, every sleep ends at once. */
export function createWaker(signal: AbortSignal): Waker {
  let woken = signal.aborted;
  let awake: (() => void) | undefined;
  const wake = () => {
    woken = true;
    awake?.();
  };
  signal.addEventListener('abort', wake, { once: true });
  return {
    wake,
    async sleep(ms) {
      if (!woken) {
        const { promise, resolve } = Promise.withResolvers<void>();
        const timer = setTimeout(resolve, ms);
        awake = resolve;
        await promise;
        clearTimeout(timer);
        awake = undefined;
      }
      const answer = woken;
      woken = signal.aborted;
      return answer;
    },
  };
}
