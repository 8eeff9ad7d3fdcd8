import type { TenantSettings } from '@zoco/contracts';
import type { ReadTx } from '@zoco/postgres';
import { filterConditions, type ProductFilters } from './product-list.ts';

/** Text search configuration of a locale. */
export function languageOf(locale: TenantSettings['locale']): string {
  return locale.startsWith('es') ? 'spanish' : 'english';
}

/** A query as the index sees it. */
export interface QueryWords {
  readonly key: string;
  /** Words that a product must have; words that mean nothing by themselves ("the", "de") only when there is nothing else. */
  readonly words: readonly string[];
}

export async function readQuery(tx: ReadTx, query: string, language: string): Promise<QueryWords> {
  const [row] = await tx.sql<{ key: string; words: string[] | null; all_words: string[] | null }[]>`
    select k.key, w.words, w.all_words
    from (select search_key(${query}) as key) k, lateral (
      select array_agg(word order by place) as all_words,
             array_agg(word order by place) filter (where to_tsvector(${language}::regconfig, word) <> ''
               or place = array_length(regexp_split_to_array(k.key, ' '), 1)) as words
      from regexp_split_to_table(k.key, ' ') with ordinality as t(word, place) where word <> '') w`;
  return { key: row?.key ?? '', words: row?.words ?? row?.all_words ?? [] };
}

/**
 * The words that stand for each asked word, as text of a tsquery: any of them as it is, or by its stem in the language; the
 * last word may go on. Words are letters and digits only (search_key), so nothing in them is an operator.
 */
async function tsqueryOf(
  tx: ReadTx,
  alternatives: readonly (readonly string[])[],
  language: string,
): Promise<string> {
  const [row] = await tx.sql<{ query: string | null }[]>`
    select string_agg('(' || any_of || ')', ' & ' order by place) as query from (
      select place, string_agg(concat_ws(' | ',
        quote_literal(word) || case when place = ${alternatives.length} then ':*' else '' end,
        nullif(plainto_tsquery(${language}::regconfig, word)::text, '')), ' | ') as any_of
      from jsonb_array_elements(${JSON.stringify(alternatives)}::text::jsonb) with ordinality as a(words, place),
        jsonb_array_elements_text(words) as w(word)
      group by place) asked`;
  return row?.query ?? '';
}

/** Known words that look like the asked ones. Trigrams find them; how near they are is for the caller to say. */
export async function similarWords(
  tx: ReadTx,
  words: readonly string[],
): Promise<ReadonlyMap<string, readonly string[]>> {
  const rows = await tx.sql<{ asked: string; words: string[] }[]>`
    select a.word as asked, array(
      select w.word from search_words w
      where length(w.word) between length(a.word) - 2 and length(a.word) + 2 and similarity(w.word, a.word) >= 0.2
      order by similarity(w.word, a.word) desc, w.word limit 40) as words
    from unnest(${[...words]}::text[]) as a(word)`;
  return new Map(rows.map((row) => [row.asked, row.words]));
}

export interface SearchRequest {
  readonly key: string;
  readonly alternatives: readonly (readonly string[])[];
  readonly language: string;
  /** Whether words were guessed: then names that look like the whole query count. */
  readonly guessed: boolean;
  readonly filters: ProductFilters;
  readonly after: readonly [number, string] | undefined;
  readonly limit: number;
}

export interface Facet {
  readonly value: string;
  readonly count: number;
}

export interface PriceFacet {
  readonly min_cents: number;
  /** Prices in the range are below it. */
  readonly max_cents: number;
  readonly count: number;
}

export interface SearchResult {
  readonly total: number;
  readonly hits: readonly { readonly id: string; readonly score: number }[];
  readonly categories: readonly Facet[];
  readonly authors: readonly Facet[];
  readonly prices: readonly PriceFacet[];
}

const NOTHING: SearchResult = { total: 0, hits: [], categories: [], authors: [], prices: [] };

/**
 * Searches names, authors, categories and descriptions, in this order of weight, and counts facets over everything found.
 * A name that is the query, begins with it or holds it comes before one with the same words elsewhere; how good and how
 * popular a product is decides between equals.
 */
export async function searchProducts(tx: ReadTx, request: SearchRequest): Promise<SearchResult> {
  const query = await tsqueryOf(tx, request.alternatives, request.language);
  if (query === '') return NOTHING;
  const { sql } = tx;
  const { key, after } = request;
  const guess = request.guessed
    ? sql`+ word_similarity(${key}, p.name_key || p.author_key)
          + 0.2 * similarity(${key}, p.name_key)`
    : sql``;
  const [row] = await sql<SearchResult[]>`
    with matches as materialized (
      select p.id, p.category, p.category_key, p.authors, p.price_cents, (1e6 * (
        ts_rank('{0.05, 0.2, 0.4, 1.0}', p.search, ${query}::tsquery)
        + case when p.name_key = ${key} then 1
               when starts_with(p.name_key, ${key} || ' ') then 0.6
               when starts_with(p.name_key, ${key}) then 0.5
               when strpos(' ' || p.name_key, ' ' || ${key}) > 0 then 0.3 else 0 end
        + 0.3 * p.popularity ${guess}))::int as score
      from products p join stock s on s.tenant_id = p.tenant_id and s.product_id = p.id
      where p.search @@ ${query}::tsquery and ${filterConditions(sql, request.filters)})
    select (select count(*)::int from matches) as total,
      (select coalesce(jsonb_agg(h), '[]') from (
        select id, score from matches
        ${after === undefined ? sql`` : sql`where score < ${after[0]} or (score = ${after[0]} and id > ${after[1]})`}
        order by score desc, id limit ${request.limit}) h) as hits,
      (select coalesce(jsonb_agg(f), '[]') from (
        select mode() within group (order by category) as value, count(*)::int as count
        from matches where category_key is not null
        group by category_key order by 2 desc, 1 limit 20) f) as categories,
      (select coalesce(jsonb_agg(f), '[]') from (
        select author as value, count(*)::int as count
        from matches, unnest(authors) as author group by 1 order by 2 desc, 1 limit 10) f) as authors,
      (${priceFacets(sql)}) as prices`;
  return row ?? NOTHING;
}

/** Ranges 1-2-5 (… 5 to 10, 10 to 20, 20 to 50 …): they fit any shop and currency without being set. */
function priceFacets(sql: ReadTx['sql']) {
  return sql`
    select coalesce(jsonb_agg(f order by f.min_cents), '[]') from (
      select low as min_cents, high as max_cents, count(*)::int as count
      from matches,
        lateral (select 10 ^ (length(price_cents::text) - 1) as power) p,
        lateral (select case when price_cents = 0 then 0 when price_cents >= 5 * power then 5 * power
                             when price_cents >= 2 * power then 2 * power else power end as low) l,
        lateral (select case when low = 0 then 1 when low = 2 * power then 5 * power else 2 * low end as high) h
      group by low, high) f`;
}
