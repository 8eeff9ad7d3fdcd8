import { type Ctx, decodeCursor, encodeCursor, toPage } from '@zoco/service';
import { listProducts, type ProductFilters, type SortName, SORTS } from '../db/product-list.ts';

export interface ListRequest {
  readonly filters: ProductFilters;
  readonly sort: SortName;
  readonly limit: number;
  readonly cursor: string | undefined;
}

/** One page of products. The cursor is bound to sort and filters. */
export async function readList(ctx: Ctx, { filters, sort, limit, cursor }: ListRequest) {
  const scope = JSON.stringify(['products', sort, filters]);
  const after = cursor === undefined ? undefined : decodeCursor(cursor, scope, SORTS[sort].cursor);
  const rows = await ctx.read((tx) => listProducts(tx, filters, sort, after, limit + 1));
  return toPage(rows, limit, (last) => encodeCursor(scope, [last.sort_key, last.id]));
}
