import type { Role } from '@zoco/contracts';
import { tenantId } from '@zoco/kernel';
import { expect, test } from 'vitest';
import { assertAdminRemains, assertMayChange, PLATFORM_TENANT, rankOf } from './roles.ts';

const acme = tenantId('acme');
const outcome = (run: () => void): string => {
  try {
    run();
    return 'allowed';
  } catch (error) {
    return error instanceof Error && 'code' in error ? String(error.code) : 'bug';
  }
};

test.each<[string, Role[], Role[], Role[] | undefined, string]>([
  ['an admin makes staff', ['admin'], ['customer'], ['staff'], 'allowed'],
  ['an admin makes another admin', ['admin'], ['customer'], ['admin'], 'allowed'],
  ['an admin makes himself platform', ['admin'], ['admin'], ['platform'], 'role_above_own'],
  ['an admin adds platform to admin', ['admin'], ['admin'], ['admin', 'platform'], 'role_above_own'],
  ['an admin changes one of the platform', ['admin'], ['platform'], undefined, 'role_above_own'],
  ['an admin makes one of the platform a customer', ['admin'], ['platform'], ['customer'], 'role_above_own'],
  ['staff make staff', ['staff'], ['customer'], ['staff'], 'allowed'],
  ['staff make an admin', ['staff'], ['customer'], ['admin'], 'role_above_own'],
  ['staff touch an admin', ['staff'], ['admin'], undefined, 'role_above_own'],
  ['the platform makes an admin', ['platform'], ['customer'], ['admin'], 'allowed'],
  ['the platform makes platform in a shop', ['platform'], ['admin'], ['platform'], 'role_platform_reserved'],
])('%s', (_name, actor, roles, wanted, expected) => {
  expect(outcome(() => assertMayChange(actor, { tenantId: acme, roles }, wanted))).toBe(expected);
});

test('the platform makes platform among its own', () => {
  const target = { tenantId: PLATFORM_TENANT, roles: ['customer' as const] };
  expect(outcome(() => assertMayChange(['platform'], target, ['platform']))).toBe('allowed');
});

const holder = (id: string, ...roles: Role[]) => ({ id, roles });

test.each<[string, ReturnType<typeof holder>[], ReturnType<typeof holder>, string]>([
  ['one of two goes', [holder('a', 'admin'), holder('b', 'admin')], holder('a'), 'allowed'],
  ['the last one goes', [holder('a', 'admin')], holder('a'), 'admin_last'],
  ['the last one becomes staff', [holder('a', 'admin')], holder('a', 'staff'), 'admin_last'],
  ['the last one gets a second role', [holder('a', 'admin')], holder('a', 'staff', 'admin'), 'allowed'],
  ['a customer goes', [holder('a', 'admin')], holder('c'), 'allowed'],
])('%s', (_name, holders, changed, expected) => {
  expect(outcome(() => assertAdminRemains(acme, holders, changed))).toBe(expected);
});

test('the tenant of the platform keeps one of the platform, not an admin', () => {
  const last = [holder('a', 'platform')];
  expect(outcome(() => assertAdminRemains(PLATFORM_TENANT, last, holder('a', 'admin')))).toBe('admin_last');
});

test('nobody ranks below all roles', () => expect([rankOf([]), rankOf(['customer'])]).toEqual([-1, 0]));
