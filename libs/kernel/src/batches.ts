export interface BatchesOptions<T> {
  /** Handles items of one key together. Must not reject. */
  readonly run: (key: string, items: readonly T[]) => Promise<void>;
  /** Most items of one run. */
  readonly sizeMax: number;
  /** Runs at once, of different keys; those of one key do not overlap, unless there is a `patienceMs`. */
  readonly concurrency: number;
  /** Items that are the same in this never come in one run, and stay in order. */
  readonly apart: (item: T) => string;
  /** How long a run waits for company, where nobody waits for its end. Default: only for what comes in the same turn of the event loop. */
  readonly gatherMs?: number | undefined;
  /** How long a run may keep the next one of its key waiting: what is stuck holds nobody else up. Default: to its end. */
  readonly patienceMs?: number;
}

/** Gathers items by key: what comes while a run of its key is under way goes into the next one, all of it at once. */
export interface Batches<T> {
  add(key: string, item: T): void;
  /** Resolves when fewer than so many items wait or run. */
  belowCount(count: number): Promise<void>;
}

/**
 * Group commit for work of any kind: an item that finds nothing under way starts at the end of this turn of the event loop (or when its
 * company was waited for); yet the busier it gets, the more items share the cost of a run.
 */
export function createBatches<T>(options: BatchesOptions<T>): Batches<T> {
  const { run, sizeMax, concurrency, apart, gatherMs, patienceMs } = options;
  const waiting = new Map<string, T[]>();
  /** Keys with a run that others wait for. */
  const busy = new Map<string, symbol>();
  let count = 0;
  const watchers: (() => void)[] = [];
  let isScheduled = false;

  function schedule(): void {
    if (isScheduled) return;
    isScheduled = true;
    if (gatherMs === undefined) setImmediate(startRuns);
    else setTimeout(startRuns, gatherMs);
  }

  function startRuns(): void {
    isScheduled = false;
    for (const [key, items] of waiting) {
      if (busy.size >= concurrency) return;
      if (!busy.has(key)) void start(key, items);
    }
  }

  async function start(key: string, items: T[]): Promise<void> {
    const { taken, left } = takeApart(items, sizeMax, apart);
    // Behind all others: a busy key keeps nobody waiting.
    waiting.delete(key);
    if (left.length > 0) waiting.set(key, left);
    const own = Symbol(key);
    busy.set(key, own);
    const letOthers = () => {
      if (busy.get(key) === own) busy.delete(key);
      if (waiting.size > 0) schedule();
    };
    const impatient = patienceMs === undefined ? undefined : setTimeout(letOthers, patienceMs);
    await run(key, taken);
    clearTimeout(impatient);
    count -= taken.length;
    for (const look of watchers.splice(0)) look();
    letOthers();
  }

  const isBelow = (limit: number) => count < limit;

  return {
    add(key, item) {
      const items = waiting.get(key);
      if (items === undefined) waiting.set(key, [item]);
      else items.push(item);
      count += 1;
      schedule();
    },
    async belowCount(limit) {
      while (!isBelow(limit)) await new Promise<void>((resolve) => watchers.push(resolve));
    },
  };
}

/** The first ones of different marks; the others keep their order. */
function takeApart<T>(
  items: readonly T[],
  max: number,
  markOf: (item: T) => string,
): { taken: T[]; left: T[] } {
  const taken: T[] = [];
  const left: T[] = [];
  const seen = new Set<string>();
  for (const item of items) {
    const mark = markOf(item);
    (taken.length < max && !seen.has(mark) ? taken : left).push(item);
    seen.add(mark);
  }
  return { taken, left };
}
