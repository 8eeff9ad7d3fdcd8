import { setTimeout as delay } from 'node:timers/promises';

const LIMIT_MS = 30_000;

/**
 * Repeats an assertion until it holds. For what arrives over NATS; how long it takes is not asserted.
 * @throws the assertion's last error after 30 seconds
 */
export async function eventually<T>(assertion: () => T | Promise<T>): Promise<T> {
  const endMs = performance.now() + LIMIT_MS;
  for (;;) {
    try {
      return await assertion();
    } catch (error) {
      if (performance.now() > endMs) throw error;
      await delay(20);
    }
  }
}
