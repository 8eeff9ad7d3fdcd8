import { Problem } from '@zoco/kernel';
import { z } from 'zod';
import type { Clock } from './clock.ts';

/** The public keys that access tokens are verified with, for whoever asks the gateway. */
export interface KeySet {
  /** The document of `users`, asked for again after a minute; while `users` is away, the last one for an hour. */
  get(): Promise<z.infer<typeof keySetDocument>>;
}

export const keySetDocument = z.looseObject({ keys: z.array(z.looseObject({ kty: z.string() })) });

const FRESH_MS = 60_000;
const STALE_MS_MAX = 3_600_000;
const FETCH_MS_MAX = 2000;

/**
 * @param fetchKeys asks `users`; rejects when it does not answer
 */
export function createKeySet(fetchKeys: (signal: AbortSignal) => Promise<unknown>, clock: Clock): KeySet {
  let known: { readonly document: z.infer<typeof keySetDocument>; readonly fetchedMs: number } | undefined;
  let fetching: Promise<void> | undefined;

  async function refresh(): Promise<void> {
    const document = keySetDocument.parse(await fetchKeys(AbortSignal.timeout(FETCH_MS_MAX)));
    known = { document, fetchedMs: clock.monotonicMs() };
  }

  return {
    async get() {
      const ageMs = known === undefined ? Number.POSITIVE_INFINITY : clock.monotonicMs() - known.fetchedMs;
      if (ageMs >= FRESH_MS) {
        fetching ??= refresh().finally(() => (fetching = undefined));
        try {
          await fetching;
        } catch (cause) {
          if (known === undefined || ageMs >= STALE_MS_MAX) throw keysUnavailable(cause);
        }
      }
      if (known === undefined) throw keysUnavailable(undefined);
      return known.document;
    },
  };
}

/** Asks the users service at this URL. */
export function fetchKeysFrom(usersUrl: string): (signal: AbortSignal) => Promise<unknown> {
  return async (signal) => {
    const response = await fetch(new URL('/.well-known/jwks.json', usersUrl), { signal, redirect: 'error' });
    if (!response.ok) throw new Error(`users answered ${response.status}`);
    return response.json();
  };
}

function keysUnavailable(cause: unknown): Problem {
  return new Problem('unavailable', 'keys_unavailable', 'The keys are not available at the moment.', {
    cause,
    retryAfterSeconds: 2,
  });
}
