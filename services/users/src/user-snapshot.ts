import type { UserSnapshot } from '@zoco/contracts';
import type { User } from './db/users.ts';

/** A user as events and other services see him. */
export function userSnapshotOf(user: User): UserSnapshot {
  return {
    user_id: user.id,
    email: user.email,
    first_name: user.firstName,
    last_name: user.lastName,
    roles: user.roles,
    active: user.active,
  };
}
