import { userDeleted } from '@zoco/contracts';
import { record } from '@zoco/events';
import type { UserCtx } from '@zoco/service';
import { revokeSessionsOf } from '../db/sessions.ts';
import { lockHolders, lockUser, softDeleteUser } from '../db/users.ts';
import { assertAdminRemains, assertMayChange, topRole } from '../rules/roles.ts';
import type { Actor } from './identify-actor.ts';

/**
 * Deletes a user: he is gone for everybody and signed out everywhere; the row stays for what refers to it, and the address may
 * be registered anew.
 * @throws Problem `user_not_found`, `role_above_own`, `admin_last`
 */
export function deleteUser(ctx: UserCtx, actor: Actor, id: string): Promise<void> {
  return ctx.transact(async (tx) => {
    const holders = await lockHolders(tx, topRole(tx.tenantId));
    const user = await lockUser(tx, id);
    assertMayChange(actor.roles, user);
    assertAdminRemains(tx.tenantId, holders, { id: user.id, roles: [] });
    const version = await softDeleteUser(tx, user.id);
    await record(tx, userDeleted, { aggregateId: user.id, version, data: { user_id: user.id } });
    await revokeSessionsOf(tx, user.id);
    ctx.log.info({ event: 'user_deleted', by: ctx.principal.id, user: user.id }, 'user deleted');
  });
}
