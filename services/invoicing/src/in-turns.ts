import { setImmediate } from 'node:timers/promises';

/** A row is measured and drawn in half a millisecond, seldom in more than one. */
const IN_ONE_GO = 20;

/** Does it with each, and lets everybody else have their turn after every few: a long document takes a second. */
export async function inTurns<T>(items: Iterable<T>, act: (item: T) => void): Promise<void> {
  let done = 0;
  for (const item of items) {
    if (done > 0 && done % IN_ONE_GO === 0) await setImmediate();
    act(item);
    done += 1;
  }
}
