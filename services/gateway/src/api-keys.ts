import { apiKeyExchange } from '@zoco/contracts';
import { Problem } from '@zoco/kernel';
import { CallOutcomeUnknown, type CallService } from '@zoco/service';
import { LRUCache } from 'lru-cache';
import type { Clock } from './clock.ts';
import { invalidApiKey } from './rules/credentials.ts';

/** Turns the API keys of machine clients into access tokens, which are all that services understand. */
export interface ApiKeys {
  /** @throws Problem `api_key_invalid`; `service_unavailable` while users does not answer */
  exchange(key: string): Promise<string>;
}

const KEYS_MAX = 5000;
// A revoked key works for at most this long.
const REMEMBER_MS_MAX = 60_000;
const RENEW_BEFORE_MS = 30_000;
const REMEMBER_INVALID_MS = 5000;

interface Known {
  readonly token: Promise<string>;
  untilMs: number;
}

export function createApiKeys(call: CallService, clock: Clock): ApiKeys {
  const known = new LRUCache<string, Known>({ max: KEYS_MAX });

  async function ask(key: string, entry: { untilMs: number }): Promise<string> {
    try {
      const grant = await call('exchangeApiKey', apiKeyExchange, { body: { api_key: key } });
      const usableMs = grant.expires_in * 1000 - RENEW_BEFORE_MS;
      entry.untilMs = clock.monotonicMs() + Math.min(REMEMBER_MS_MAX, usableMs);
      return grant.access_token;
    } catch (error) {
      const refused = error instanceof Problem && !(error instanceof CallOutcomeUnknown);
      entry.untilMs = refused ? clock.monotonicMs() + REMEMBER_INVALID_MS : 0;
      throw refused ? invalidApiKey() : error;
    }
  }

  return {
    exchange(key) {
      const found = known.get(key);
      if (found && clock.monotonicMs() < found.untilMs) return found.token;
      // Whoever comes while users is being asked waits for the same answer.
      const pending = { untilMs: Number.POSITIVE_INFINITY };
      const entry: Known = Object.assign(pending, { token: ask(key, pending) });
      known.set(key, entry);
      return entry.token;
    },
  };
}
