import type { JsMsg } from '@nats-io/jetstream';

type Numbered = Pick<JsMsg, 'seq'>;

/**
 * How often this process has failed at each event that is still to be done. The server's own count of deliveries also has those of
 * outages and of processes that ended, which say nothing about the event.
 */
export interface Tries {
  /** Counts one more, and returns how many there were. */
  fail(message: Numbered): number;
  forget(message: Numbered): void;
}

/** Far more than are ever in hand; what another replica went on with would be remembered for ever. */
const REMEMBERED_MAX = 1000;

export function createTries(): Tries {
  const failures = new Map<number, number>();
  return {
    fail({ seq }) {
      const count = (failures.get(seq) ?? 0) + 1;
      failures.delete(seq);
      failures.set(seq, count);
      const [oldest] = failures.keys();
      if (failures.size > REMEMBERED_MAX && oldest !== undefined) failures.delete(oldest);
      return count;
    },
    forget: ({ seq }) => void failures.delete(seq),
  };
}
