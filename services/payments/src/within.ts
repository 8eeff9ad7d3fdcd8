/** Waits for `work`, but not longer than `timeoutMs`; it goes on in any case. A failure before that is thrown. */
export async function within(work: Promise<void>, timeoutMs: number): Promise<void> {
  const { promise: late, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, timeoutMs);
  try {
    await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
    // Whoever works on is heard in the log.
    work.catch(() => {});
  }
}
