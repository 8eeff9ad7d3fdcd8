import type { Database } from '@zoco/postgres';
import { checkLedger, FIRST_JOURNAL } from './actions/check-ledger.ts';
import { ledgerCheckedAt, unbalancedJournals } from './metrics.ts';

const JOURNALS_PER_LOOK = 5000;

/** Goes through the ledger page by page, over and over, and shows in the metrics what does not balance. */
export function createLedgerWatch(db: Database): () => Promise<void> {
  let position = FIRST_JOURNAL;
  let found = 0;
  let foundLastTime = 0;
  return async () => {
    const { unbalanced, last } = await checkLedger(db, position, JOURNALS_PER_LOOK);
    found += unbalanced;
    unbalancedJournals.set(Math.max(found, foundLastTime));
    ledgerCheckedAt.setToCurrentTime();
    position = last ?? FIRST_JOURNAL;
    if (last !== undefined) return;
    foundLastTime = found;
    unbalancedJournals.set(found);
    found = 0;
  };
}
