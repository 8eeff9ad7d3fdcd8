import { CALLS, roleField, SERVICE_NAMES, type CallName, type Role } from '@zoco/contracts';
import { Problem, tenantId } from '@zoco/kernel';
import { describe, expect, test } from 'vitest';
import { atLeast, authorize, authorizeCaller, hasRole, SCOPES, signedIn } from './access.ts';
import type { Principal } from './access-token.ts';

const ROLES: readonly Role[] = ['customer', 'staff', 'admin', 'platform'];

const principal = (roles: readonly Role[], scopes?: readonly string[]): Principal => ({
  id: 'usr_1',
  tenantId: tenantId('acme'),
  roles,
  tokenId: 'ses_1',
  issuedAtSeconds: 0,
  scopes,
});

function codeOf(work: () => void): string {
  try {
    work();
    return 'allowed';
  } catch (error) {
    return error instanceof Problem ? `${error.status} ${error.code}` : 'bug';
  }
}

const user = (role: Role, scope: (typeof SCOPES)[number] = 'orders:read') => {
  const access = atLeast(role, scope);
  if (access.kind !== 'user') throw new Error('not a user rule');
  return access;
};

test('all roles are ranked', () => {
  expect(roleField.options.toSorted()).toEqual(ROLES.toSorted());
});

describe('a person may do what a role at least as high allows', () => {
  const cells = ROLES.flatMap((held, heldRank) =>
    ROLES.map((needed, neededRank) => [held, needed, heldRank >= neededRank] as const),
  );
  test.each(cells)('%s where %s is needed: %s', (held, needed, allowed) => {
    expect(hasRole([held], needed)).toBe(allowed);
    expect(codeOf(() => authorize(user(needed), principal([held])))).toBe(
      allowed ? 'allowed' : '403 role_missing',
    );
  });

  test('the highest of several roles counts, and no role is none', () => {
    expect(hasRole(['customer', 'admin'], 'staff')).toBe(true);
    expect(hasRole([], 'customer')).toBe(false);
  });

  test('signedIn is open to every role', () => {
    const access = signedIn('cart:read');
    for (const role of ROLES) {
      expect(access.kind === 'user' && codeOf(() => authorize(access, principal([role])))).toBe('allowed');
    }
  });
});

describe('a machine client may do what its scopes name', () => {
  const cells = SCOPES.flatMap((held) => SCOPES.map((needed) => [held, needed] as const));
  test('each of the scopes opens its own doors and no other', () => {
    for (const [held, needed] of cells) {
      const code = codeOf(() => authorize(user('staff', needed), principal(['staff'], [held])));
      expect(code, `${held} where ${needed} is needed`).toBe(
        held === needed ? 'allowed' : '403 scope_missing',
      );
    }
  });

  test('a scope gives no role, and no scopes give nothing', () => {
    expect(codeOf(() => authorize(user('admin'), principal(['staff'], ['orders:read'])))).toBe(
      '403 role_missing',
    );
    expect(codeOf(() => authorize(user('staff'), principal(['staff'], [])))).toBe('403 scope_missing');
    expect(codeOf(() => authorize(user('staff'), principal(['staff'], [''])))).toBe('403 scope_missing');
    expect(codeOf(() => authorize(user('staff'), principal(['staff'], ['orders:write'])))).toBe(
      '403 scope_missing',
    );
  });
});

describe('an internal call is open to the callers of the call graph', () => {
  const names = Object.keys(CALLS) as CallName[];
  test.each(names)('%s', (name) => {
    const callers: readonly string[] = CALLS[name].callers;
    for (const service of [...SERVICE_NAMES, 'gateway ', 'Orders', '', 'constructor']) {
      expect(
        codeOf(() => authorizeCaller(name, service)),
        service,
      ).toBe(callers.includes(service) ? 'allowed' : '403 caller_not_allowed');
    }
  });
});
