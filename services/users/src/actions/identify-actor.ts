import type { Role } from '@zoco/contracts';
import type { Database } from '@zoco/postgres';
import { hasRole, type Principal } from '@zoco/service';
import { Problem } from '@zoco/kernel';
import { rolesNow } from '../db/users.ts';

/** Who does something that matters, with the roles he has at this moment. */
export interface Actor {
  readonly id: string;
  readonly roles: readonly Role[];
}

/**
 * Looks up whoever acts, in his own tenant: platform staff act in tenants where they have no account, and the roles in a token
 * may have been taken away minutes ago (OWASP ASVS 8.3.2).
 * @throws Problem `token_revoked`, `role_lost`
 */
export async function identifyActor(db: Database, principal: Principal, atLeast: Role): Promise<Actor> {
  const roles = await db.read(principal.tenantId, (tx) => rolesNow(tx, principal));
  if (!hasRole(roles, atLeast)) {
    throw new Problem('forbidden', 'role_lost', `You no longer have the role ${atLeast}.`);
  }
  return { id: principal.id, roles };
}
