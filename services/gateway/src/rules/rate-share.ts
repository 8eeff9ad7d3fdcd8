/** What a replica knows about one limit, all for the window that ends now. */
export interface Knowledge {
  readonly limit: number;
  /** Replicas that are alive, this one included. */
  readonly replicas: number;
  /** Place of this replica among them, 0 to `replicas` - 1, different for each. */
  readonly rank: number;
  /** Requests of this replica that all others have confirmed to know of. */
  readonly confirmed: number;
  /** Requests that the other replicas have told of, together. */
  readonly seen: number;
}

/**
 * How many requests a replica may have let through within the window, by what it knows: what the others know of already, and
 * its equal share of what is left then. When it has used them up it asks the others what they have used, and the shares are
 * dealt anew.
 *
 * The shares of all replicas never add up to more than the limit, whatever they know or do not know yet, provided that
 * `confirmed` of one is never more than what the others have `seen` of it. With c for confirmed, s for seen (c ≤ s) and n
 * replicas, the sum of c + (limit - c - Σs) / n is limit + Σc - Σc/n - ΣΣs/n, and ΣΣs ≥ (n - 1) Σc. The rank deals
 * out the remainder of the division, which for more than two replicas can give up to (n - 1) / 2 requests too many.
 */
export function allowance({ limit, replicas, rank, confirmed, seen }: Knowledge): number {
  return confirmed + Math.floor((limit - confirmed - seen + rank) / replicas);
}
