import type { ReadTx } from '@zoco/postgres';

/**
 * Products by the authors and categories of what somebody likes, and by the categories that they chose, less what they have
 * marked already. An author in common weighs more than a category; the best rated come first. Empty without interests.
 */
export async function recommendByInterests(
  tx: ReadTx,
  likedIds: readonly string[],
  categories: readonly string[],
  limit: number,
): Promise<string[]> {
  const rows = await tx.sql<{ id: string }[]>`
    with liked as (
      select authors, category_key from products where id = any(${[...likedIds]}::text[])),
    liked_authors as (select array_agg(distinct author) as names from liked, unnest(authors) as author),
    liked_categories as (
      select category_key from liked where category_key is not null
      union select search_key(c) from unnest(${[...categories]}::text[]) as c)
    select p.id
    from products p
    cross join liked_authors a
    where p.deleted_at is null and p.id <> all(${[...likedIds]}::text[])
      and (p.authors && a.names or p.category_key in (select category_key from liked_categories))
    order by (p.authors && a.names) is true desc, p.popularity desc, p.id
    limit ${limit}`;
  return rows.map(({ id }) => id);
}

export async function recommendBestRated(
  tx: ReadTx,
  exceptIds: readonly string[],
  limit: number,
): Promise<string[]> {
  const rows = await tx.sql<{ id: string }[]>`
    select id from products where deleted_at is null and id <> all(${[...exceptIds]}::text[])
    order by popularity desc, id desc limit ${limit}`;
  return rows.map(({ id }) => id);
}
