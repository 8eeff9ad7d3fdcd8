import { userUpdated } from '@zoco/contracts';
import { record } from '@zoco/events';
import type { Tx } from '@zoco/postgres';
import type { UserCtx } from '@zoco/service';
import { revokeSessionsOf } from '../db/sessions.ts';
import { lockHolders, lockUser, updateUserRow, type User } from '../db/users.ts';
import { changesOf, type Wanted } from '../rules/changes.ts';
import { assertAdminRemains, assertMayChange, topRole } from '../rules/roles.ts';
import { userSnapshotOf } from '../user-snapshot.ts';
import type { Actor } from './identify-actor.ts';

type Changeable = Pick<User, 'firstName' | 'lastName' | 'roles' | 'active'>;
export type UserChange = Wanted<Changeable>;

/**
 * Changes a user as an administrator. One who is made inactive is signed out everywhere.
 * @throws Problem `user_not_found`, `role_above_own`, `role_platform_reserved`, `admin_last`
 */
export function updateUser(ctx: UserCtx, actor: Actor, id: string, wanted: UserChange): Promise<User> {
  return ctx.transact(async (tx) => {
    // Before the user himself: whoever changes administrators takes their rows in the same order.
    const mayRemoveAdmin = wanted.roles !== undefined || wanted.active === false;
    const holders = mayRemoveAdmin ? await lockHolders(tx, topRole(tx.tenantId)) : [];
    const user = await lockUser(tx, id);
    assertMayChange(actor.roles, user, wanted.roles);
    const changes = changesOf<Changeable>(user, wanted);
    if (changes === undefined) return user;
    const willBe = { ...user, ...changes };
    assertAdminRemains(tx.tenantId, holders, { id: user.id, roles: willBe.active ? willBe.roles : [] });
    return save(tx, ctx, user, changes);
  });
}

async function save(tx: Tx, ctx: UserCtx, user: User, changes: Partial<Changeable>): Promise<User> {
  const changed = await updateUserRow(tx, user.id, changes);
  await record(tx, userUpdated, {
    aggregateId: user.id,
    version: changed.version,
    data: userSnapshotOf(changed),
  });
  if (!changed.active) await revokeSessionsOf(tx, user.id);
  const { roles, active } = changed;
  ctx.log.info({ event: 'user_changed', by: ctx.principal.id, user: user.id, roles, active }, 'user changed');
  return changed;
}
