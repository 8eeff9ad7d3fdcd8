import type { UserCtx } from '@zoco/service';
import { getAccount } from '../db/users.ts';
import { deleteWish } from '../db/wishlist.ts';

/** What is not wished for stays so: repeating it changes nothing. @throws Problem `token_revoked` */
export function removeWish(ctx: UserCtx, productId: string): Promise<void> {
  return ctx.transact(async (tx) => {
    const user = await getAccount(tx, ctx.principal);
    await deleteWish(tx, user.id, productId);
  });
}
