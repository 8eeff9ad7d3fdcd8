import { createGate, type Gate } from '@zoco/kernel';

/** Runs the sign-ins of one account one after the other: each sees the failures of those before it. */
export type AccountQueue = <T>(account: string, work: () => Promise<T>) => Promise<T>;

/**
 * A queue per account, within this process. Without it a burst of guesses would all be let in before the first of them is
 * counted; between replicas one guess each can still slip through.
 */
export function createAccountQueue(): AccountQueue {
  const gates = new Map<string, Gate>();
  return async (account, work) => {
    const gate =
      gates.get(account) ??
      createGate({ concurrency: 1, queueMax: 32, waitMsMax: 5000, code: 'password_check_busy' });
    gates.set(account, gate);
    try {
      return await gate.run(work);
    } finally {
      if (gate.running + gate.waiting === 0) gates.delete(account);
    }
  };
}
