import { createHash } from 'node:crypto';
import type { KeyRecord } from './records.ts';
import { StripeFault } from './stripe-fault.ts';
import type { World } from './world.ts';

const KEY_LENGTH_MAX = 255;

/** Stripe's rules for idempotency keys. @see https://docs.stripe.com/api/idempotent_requests */
export interface IdempotencyKeys {
  /**
   * Takes the key for one execution, or gives the answer it already stands for.
   * @throws StripeFault 400 when it was used with other parameters, 409 while it is in use
   */
  claim(key: string, fingerprint: string): KeyRecord | undefined;
  /** Keeps the answer, from the first executed request on, whatever it was. */
  keep(key: string, fingerprint: string, answer: Omit<KeyRecord, 'id' | 'fingerprint' | 'created'>): void;
  /** Gives the key back when nothing was executed. */
  release(key: string): void;
}

export function createIdempotencyKeys(world: World): IdempotencyKeys {
  /** Fingerprints of requests that are being executed. */
  const inUse = new Map<string, string>();

  function live(key: string): KeyRecord | undefined {
    const record = world.store.get('key', key);
    if (record === undefined || record.created + world.options.keyTtlSeconds > world.now()) return record;
    // Pruned: from here on the key is a new one.
    world.store.delete('key', key);
    return undefined;
  }

  return {
    claim(key, fingerprint) {
      if (key.length > KEY_LENGTH_MAX) {
        throw new StripeFault(400, {
          type: 'invalid_request_error',
          message: 'Idempotency keys are restricted to a maximum length of 255 characters.',
        });
      }
      const record = live(key);
      const known = record?.fingerprint ?? inUse.get(key);
      if (known !== undefined && known !== fingerprint) {
        throw new StripeFault(400, {
          type: 'idempotency_error',
          message: `Keys for idempotent requests can only be used with the same parameters they were first used with. Try using a key other than '${key}' if you meant to execute a different request.`,
        });
      }
      if (record !== undefined) return record;
      if (inUse.has(key)) {
        throw new StripeFault(409, {
          type: 'idempotency_error',
          code: 'idempotency_key_in_use',
          message: `There is currently another in-progress request using this Idempotency Key (that probably means you submitted twice, and the other request is still going through): ${key}.`,
        });
      }
      inUse.set(key, fingerprint);
      return undefined;
    },
    keep(key, fingerprint, answer) {
      world.store.put('key', { ...answer, id: key, fingerprint, created: world.now() });
      inUse.delete(key);
    },
    release(key) {
      inUse.delete(key);
    },
  };
}

/** What makes two requests the same: endpoint and parameters, in whatever order these were sent. */
export function fingerprintOf(method: string, path: string, body: string): string {
  const parameters = [...new URLSearchParams(body)].map(([name, value]) => `${name}=${value}`).toSorted();
  return createHash('sha256')
    .update([method, path, ...parameters].join('\n'))
    .digest('base64');
}
