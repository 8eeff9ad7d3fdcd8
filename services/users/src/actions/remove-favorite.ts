import type { UserCtx } from '@zoco/service';
import { deleteFavorite } from '../db/favorites.ts';
import { getAccount } from '../db/users.ts';

/** What is no favorite stays none: repeating it changes nothing. @throws Problem `token_revoked` */
export function removeFavorite(ctx: UserCtx, productId: string): Promise<void> {
  return ctx.transact(async (tx) => {
    const user = await getAccount(tx, ctx.principal);
    await deleteFavorite(tx, user.id, productId);
  });
}
