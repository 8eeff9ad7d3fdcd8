import { pageQuery } from '@zoco/service';
import { PAGE_LINES } from '../db/order-list.ts';

/** Query parameters of the lists of orders. */
export const orderPageQuery = {
  ...pageQuery,
  limit: pageQuery.limit.openapi({
    description: `Most orders of a page. It ends earlier once its orders have ${PAGE_LINES} lines: go on as long as there is a \`next_cursor\`.`,
  }),
};
