import type { TenantSettings } from '@zoco/contracts';
import type { Database } from '@zoco/postgres';
import { takeOrderNumbers } from './actions/take-order-numbers.ts';
import { nextBlockSize, orderNumber } from './rules/order-number.ts';

export interface OrderNumbers {
  /** The next number of that shop, like `2026-000042`; the year is the one that its clocks show. */
  next(tenant: TenantSettings, now: Date): Promise<string>;
  /** Takes back a number that no order got. */
  giveBack(tenant: TenantSettings, number: string): void;
}

interface Block {
  readonly year: number;
  readonly size: number;
  readonly takenAtMs: number;
  /** Numbers that are not given away, the next one last. */
  readonly left: string[];
}

/**
 * Order numbers, taken in blocks: a counter row per order would make every checkout of a shop wait for the commit of the one before it.
 * A quiet shop gets blocks of one and numbers without gaps; a busy one skips what a replica had left when it stopped.
 */
export function createOrderNumbers(db: Database): OrderNumbers {
  const blocks = new Map<string, Block>();
  const taking = new Map<string, Promise<void>>();
  const years = new Map<string, Intl.DateTimeFormat>();

  function yearOf(timeZone: string, now: Date): number {
    const format = years.get(timeZone) ?? new Intl.DateTimeFormat('en-US', { timeZone, year: 'numeric' });
    years.set(timeZone, format);
    return Number(format.format(now));
  }

  async function take(tenant: TenantSettings, year: number): Promise<void> {
    const used = blocks.get(tenant.id);
    const takenAtMs = performance.now();
    const size = used?.year === year ? nextBlockSize(used.size, takenAtMs - used.takenAtMs) : 1;
    const first = await takeOrderNumbers(db, tenant.id, year, size);
    const left = Array.from({ length: size }, (_, index) => orderNumber(year, first + size - 1 - index));
    blocks.set(tenant.id, { year, size, takenAtMs, left });
  }

  return {
    async next(tenant, now) {
      const year = yearOf(tenant.time_zone, now);
      for (;;) {
        const block = blocks.get(tenant.id);
        const number = block?.year === year ? block.left.pop() : undefined;
        if (number !== undefined) return number;
        // Whoever comes meanwhile waits for the same block.
        const pending = taking.get(tenant.id) ?? take(tenant, year).finally(() => taking.delete(tenant.id));
        taking.set(tenant.id, pending);
        await pending;
      }
    },
    giveBack(tenant, number) {
      const block = blocks.get(tenant.id);
      if (block !== undefined && number.startsWith(`${block.year}-`)) block.left.push(number);
    },
  };
}
