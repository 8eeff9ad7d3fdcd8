/** Asked to stop, and asked again. */
export interface StopSignals {
  readonly stop: AbortSignal;
  /** Aborts when a second Ctrl-C says that the stop should not take its time. */
  readonly hasten: AbortSignal;
}

// Ctrl-C reaches us from the terminal, from npm and from the bootstrap; together they are one wish.
const SAME_WISH_MS = 1_000;

/** Listens to SIGINT, SIGTERM and SIGHUP from now on. */
export function listenForStop(
  source: Pick<NodeJS.EventEmitter, 'on'> = process,
  now: () => number = () => performance.now(),
): StopSignals {
  const stop = new AbortController();
  const hasten = new AbortController();
  let firstMs: number | undefined;
  function onSignal(): void {
    if (firstMs === undefined) {
      firstMs = now();
      stop.abort();
    } else if (now() - firstMs > SAME_WISH_MS) {
      hasten.abort();
    }
  }
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) source.on(signal, onSignal);
  return { stop: stop.signal, hasten: hasten.signal };
}

/** Resolves when the signal aborts. */
export function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
