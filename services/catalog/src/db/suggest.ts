import type { Id } from '@zoco/kernel';
import type { ReadTx } from '@zoco/postgres';

export interface Suggestion {
  readonly id: Id<'product'>;
  readonly name: string;
  readonly authors: readonly string[];
}

/** Products whose name begins with the text, the most popular first. */
export function suggestByPrefix(tx: ReadTx, key: string, limit: number): Promise<Suggestion[]> {
  return tx.sql<Suggestion[]>`
    select id, name, authors from products
    where deleted_at is null and starts_with(name_key, ${key})
    order by popularity desc, name_key, id limit ${limit}`;
}

/** Names and authors of products by id, in no order. */
export function findSuggestions(tx: ReadTx, ids: readonly string[]): Promise<Suggestion[]> {
  return tx.sql<Suggestion[]>`
    select id, name, authors from products where id = any(${[...ids]}::text[]) and deleted_at is null`;
}
