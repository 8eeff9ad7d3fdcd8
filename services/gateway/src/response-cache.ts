import { LRUCache } from 'lru-cache';

/** An answer that is right for every anonymous client of a tenant. */
export interface StoredAnswer {
  /** Names and values in turn, as they go to the client, less `Age`. */
  readonly headers: readonly string[];
  readonly etag: string | undefined;
  readonly vary: string | undefined;
  readonly body: Buffer;
  /** Monotonic clock. */
  readonly storedMs: number;
  readonly freshMs: number;
}

export type ResponseCache = Pick<LRUCache<string, StoredAnswer>, 'get' | 'set' | 'delete'>;

/** Largest answer that is kept. */
export const STORED_BYTES_MAX = 256 * 1024;

const ENTRIES_MAX = 5000;
const OVERHEAD_BYTES = 1024;

/** Bounded by the bytes of the bodies and headers; what was not used for the longest time goes first. */
export function createResponseCache(bytesMax: number): ResponseCache {
  return new LRUCache({
    max: ENTRIES_MAX,
    maxSize: bytesMax,
    sizeCalculation: ({ body }, key) => body.byteLength + key.length + OVERHEAD_BYTES,
  });
}
