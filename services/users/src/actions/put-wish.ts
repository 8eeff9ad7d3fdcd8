import { type Id, Problem } from '@zoco/kernel';
import type { UserCtx } from '@zoco/service';
import { getAccount } from '../db/users.ts';
import { countWishes, upsertWish, type Wish } from '../db/wishlist.ts';
import { LIST_LENGTH_MAX } from '../rules/lists.ts';

/** @param priority 1 to 5, 5 is wanted most. @throws Problem `wishlist_full`, `token_revoked` */
export function putWish(ctx: UserCtx, productId: Id<'product'>, priority: number): Promise<Wish> {
  return ctx.transact(async (tx) => {
    const user = await getAccount(tx, ctx.principal);
    const wish = await upsertWish(tx, user.id, productId, priority);
    const total = await countWishes(tx, user.id);
    if (wish === undefined || total > LIST_LENGTH_MAX) {
      throw new Problem('conflict', 'wishlist_full', `There is room for ${LIST_LENGTH_MAX} wishes.`);
    }
    return wish;
  });
}
