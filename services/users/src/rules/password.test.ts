import { describe, expect, test, vi } from 'vitest';
import common from './common-passwords.json' with { type: 'json' };
import { assertPassword, normalizePassword, passwordFault, passwordLength } from './password.ts';

const fault = (password: string, email = 'ana@example.com') =>
  passwordFault('password', password, email)?.code;

test.each([
  ['correct horse battery', undefined],
  ['demo-zoco-2026', undefined],
  ['ñandú-céntimo', undefined],
  ['🐎🔋📎🐎🔋📎🐎🔋', undefined],
  ['x'.repeat(64) + 'y'.repeat(64), undefined],
  ['1234567', 'too_short'],
  ['🐎🔋📎🐎🔋📎🐎', 'too_short'],
  [`${'x'.repeat(128)}y`, 'too_long'],
  ['password', 'password_common'],
  ['PASSWORD1', 'password_common'],
  ['Qwertyuiop', 'password_common'],
  ['zzzzzzzzzz', 'password_common'],
  ['ana@example.com', 'password_is_email'],
  ['ANA@Example.com', 'password_is_email'],
])('%j: %s', (password, code) => expect(fault(password)).toBe(code));

test('the local part of the address is refused, and doubled too', () => {
  expect(fault('margarita-lopez', 'margarita-lopez@example.com')).toBe('password_is_email');
  expect(fault('anitaanita', 'anita@example.com')).toBe('password_is_email');
});

describe('the list of common passwords', () => {
  const list = common.passwords.split(' ');

  test('holds at least 3,000 that the rule of length would let through', () => {
    expect(list.length).toBeGreaterThanOrEqual(3000);
    expect(new Set(list).size).toBe(list.length);
    expect(list.filter((password) => passwordLength(password) < 8)).toEqual([]);
  });

  test('every one of them is refused', () => {
    expect(list.filter((password) => fault(password.toUpperCase(), 'x@example.com') === undefined)).toEqual(
      [],
    );
  });
});

test('the same letters are the same password, however they were typed', () => {
  expect(normalizePassword('contrasen\u0303a')).toBe(normalizePassword('contraseña'));
});

test('the problem names the field and never the password', () => {
  const refusal = vi.fn<(error: unknown) => void>();
  try {
    assertPassword('new_password', 'qwertyuiop', 'ana@example.com');
  } catch (error) {
    refusal(error);
  }
  const [error] = refusal.mock.lastCall ?? [];
  expect(error).toMatchObject({
    status: 422,
    code: 'password_refused',
    errors: [{ field: 'new_password', code: 'password_common' }],
  });
  expect(JSON.stringify(error) + String(error)).not.toContain('qwertyuiop');
});
