import type { ReadTx } from '@zoco/postgres';
import { type Ctx, decodeCursor, encodeCursor, toPage } from '@zoco/service';
import { z } from 'zod';
import type { ProductFilters } from '../db/product-list.ts';
import { findProducts, type ProductRow } from '../db/products.ts';
import {
  languageOf,
  readQuery,
  searchProducts,
  type SearchRequest,
  type SearchResult,
  similarWords,
} from '../db/search.ts';
import { alternativesOf } from '../rules/spelling.ts';

export interface TextRequest {
  readonly q: string;
  readonly filters: ProductFilters;
  readonly limit: number;
  readonly cursor: string | undefined;
}

export interface SearchPage extends Omit<SearchResult, 'hits'> {
  readonly data: readonly ProductRow[];
  readonly next_cursor: string | null;
  /** Whether nothing holds the words as they were typed, and words that look like them were searched. */
  readonly corrected: boolean;
}

// More words narrow nothing any more, and each guess costs a look at all words of the shop.
const WORDS_MAX = 16;
const GUESSED_WORDS_MAX = 6;

const cursorKey = z.tuple([z.int32(), z.string().max(64), z.union([z.literal(0), z.literal(1)])]);

/** One page of what a query finds, best first; with words that look alike, when the typed ones are found nowhere. */
export async function readSearch(ctx: Ctx, { q, filters, limit, cursor }: TextRequest): Promise<SearchPage> {
  const scope = JSON.stringify(['search', q, filters]);
  const [score, id, mode] = cursor === undefined ? [] : decodeCursor(cursor, scope, cursorKey);
  const after = score === undefined || id === undefined ? undefined : ([score, id] as const);
  return ctx.read(async (tx) => {
    const typed = await readTyped(ctx, tx, q, { filters, after, limit: limit + 1 });
    let corrected = mode === 1;
    let found = corrected ? undefined : await searchProducts(tx, typed);
    if (found === undefined || (found.total === 0 && after === undefined)) {
      found = await searchProducts(tx, await guessed(tx, typed));
      corrected = found.total > 0;
    }
    const { hits, ...counts } = found;
    const page = toPage(hits, limit, (last) => encodeCursor(scope, [last.score, last.id, corrected ? 1 : 0]));
    const rows = await findProducts(
      tx,
      page.data.map((hit) => hit.id),
    );
    return { ...counts, data: inOrder(page.data, rows), next_cursor: page.next_cursor, corrected };
  });
}

/** A query as it was typed. */
export async function readTyped(
  ctx: Ctx,
  tx: ReadTx,
  q: string,
  rest: Pick<SearchRequest, 'filters' | 'after' | 'limit'>,
): Promise<SearchRequest> {
  const language = languageOf(ctx.tenant.locale);
  const { key, words } = await readQuery(tx, q, language);
  return {
    ...rest,
    key,
    language,
    guessed: false,
    alternatives: words.slice(0, WORDS_MAX).map((word) => [word]),
  };
}

/** The same query with the words of the shop that look like the typed ones. */
export async function guessed(tx: ReadTx, typed: SearchRequest): Promise<SearchRequest> {
  const words = typed.alternatives.flat();
  const candidates = await similarWords(tx, words.slice(0, GUESSED_WORDS_MAX));
  const alternatives = words.map((word) => alternativesOf(word, candidates.get(word) ?? []));
  return { ...typed, guessed: true, alternatives };
}

/** Rows in the order of the hits; one that went in between is left out. */
export function inOrder<T extends { readonly id: string }>(
  hits: readonly { readonly id: string }[],
  rows: readonly T[],
): T[] {
  const byId = new Map<string, T>(rows.map((row) => [row.id, row]));
  return hits.flatMap(({ id }) => byId.get(id) ?? []);
}
