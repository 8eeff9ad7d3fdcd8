const BLOCK_MAX = 64;
const BUSY_MS = 1000;

/** `2026-000042`: six digits at least, so that a year of most shops sorts as text. */
export function orderNumber(year: number, sequence: number): string {
  return `${year}-${String(sequence).padStart(6, '0')}`;
}

/** Size of the next block of numbers: twice the last one while that did not last a second, else one. */
export function nextBlockSize(lastSize: number, lastedMs: number): number {
  return lastedMs < BUSY_MS ? Math.min(lastSize * 2, BLOCK_MAX) : 1;
}
