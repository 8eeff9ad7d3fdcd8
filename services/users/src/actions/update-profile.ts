import { userUpdated } from '@zoco/contracts';
import { record } from '@zoco/events';
import type { UserCtx } from '@zoco/service';
import { getAccount, lockUser, updateUserRow, type User } from '../db/users.ts';
import { changesOf, type Wanted } from '../rules/changes.ts';
import { userSnapshotOf } from '../user-snapshot.ts';

type Changeable = Pick<User, 'firstName' | 'lastName' | 'categories' | 'language'>;
export type ProfileChange = Wanted<Changeable>;

/** What a user may change of himself. @throws Problem `token_revoked` */
export function updateProfile(ctx: UserCtx, wanted: ProfileChange): Promise<User> {
  return ctx.transact(async (tx) => {
    await getAccount(tx, ctx.principal);
    const user = await lockUser(tx, ctx.principal.id);
    const changes = changesOf<Changeable>(user, wanted);
    if (changes === undefined) return user;
    const changed = await updateUserRow(tx, user.id, changes);
    const { version } = changed;
    await record(tx, userUpdated, { aggregateId: user.id, version, data: userSnapshotOf(changed) });
    return changed;
  });
}
