import type { Role } from '@zoco/contracts';
import { SCOPES } from '@zoco/service';
import { expect, test } from 'vitest';
import { assertKeyAllowed, roleForScope } from './api-key.ts';

test('a scope that opens routes of administrators asks for the role admin', () => {
  const admin = SCOPES.filter((scope) => roleForScope(scope) === 'admin');
  expect(admin).toEqual(['users:read', 'users:write', 'tenants:read', 'tenants:write']);
});

const outcome = (run: () => void): string => {
  try {
    run();
    return 'allowed';
  } catch (error) {
    return error instanceof Error && 'code' in error ? String(error.code) : 'bug';
  }
};

test.each<[string, Role[], 'staff' | 'admin', string[], string]>([
  ['staff key of an admin', ['admin'], 'staff', ['products:write', 'orders:read'], 'allowed'],
  ['admin key of an admin', ['admin'], 'admin', ['users:write'], 'allowed'],
  ['admin key of the platform', ['platform'], 'admin', ['tenants:read'], 'allowed'],
  ['admin key of staff', ['staff'], 'admin', ['products:read'], 'api_key_above_own'],
  ['staff key of a customer', ['customer'], 'staff', ['products:read'], 'api_key_above_own'],
  [
    'a scope that its role could not use',
    ['admin'],
    'staff',
    ['products:read', 'users:write'],
    'api_key_scope_useless',
  ],
])('%s', (_name, maker, role, scopes, code) => {
  expect(outcome(() => assertKeyAllowed(maker, role, scopes))).toBe(code);
});

test('the refusal names the scope', () => {
  expect(() => assertKeyAllowed(['admin'], 'staff', ['products:read', 'users:write'])).toThrow(
    expect.objectContaining({
      errors: [{ field: 'scopes', code: 'scope_above_role', detail: 'users:write needs the role admin' }],
    }),
  );
});
