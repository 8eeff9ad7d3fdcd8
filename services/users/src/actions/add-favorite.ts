import { type Id, Problem } from '@zoco/kernel';
import type { UserCtx } from '@zoco/service';
import { insertFavorite } from '../db/favorites.ts';
import { getAccount } from '../db/users.ts';
import { LIST_LENGTH_MAX } from '../rules/lists.ts';

/** @throws Problem `favorites_full`, `token_revoked` */
export function addFavorite(ctx: UserCtx, productId: Id<'product'>): Promise<void> {
  return ctx.transact(async (tx) => {
    const user = await getAccount(tx, ctx.principal);
    if ((await insertFavorite(tx, user.id, productId)) > LIST_LENGTH_MAX) {
      throw new Problem('conflict', 'favorites_full', `There is room for ${LIST_LENGTH_MAX} favorites.`);
    }
  });
}
