import { type FieldError, Problem } from '@zoco/kernel';
import common from './common-passwords.json' with { type: 'json' };

export const PASSWORD_LENGTH_MIN = 8;
export const PASSWORD_LENGTH_MAX = 128;

const COMMON = new Set(common.passwords.split(' '));

/** Counted as a person counts: an emoji is one. */
export function passwordLength(password: string): number {
  return Array.from(password).length;
}

/** The form that is hashed: typed on another keyboard, the same letters give the same password (RFC 8265). */
export function normalizePassword(password: string): string {
  return password.normalize('NFC');
}

/**
 * What is wrong with a new password; undefined when nothing is. Length and guessability alone decide, no rules of
 * composition (NIST SP 800-63B, OWASP ASVS 6.2).
 * @param field name of the field, for the answer
 * @param email address of the account, in its normal form
 */
export function passwordFault(field: string, password: string, email: string): FieldError | undefined {
  const length = passwordLength(password);
  if (length < PASSWORD_LENGTH_MIN) {
    return { field, code: 'too_short', detail: `needs at least ${PASSWORD_LENGTH_MIN} characters` };
  }
  if (length > PASSWORD_LENGTH_MAX) {
    return { field, code: 'too_long', detail: `may have at most ${PASSWORD_LENGTH_MAX} characters` };
  }
  const folded = normalizePassword(password).toLowerCase();
  if (COMMON.has(folded)) {
    return { field, code: 'password_common', detail: 'is one of the passwords that attackers try first' };
  }
  const [name = ''] = email.split('@');
  if (folded === email || folded === name || folded === name + name) {
    return { field, code: 'password_is_email', detail: 'must not be the e-mail address' };
  }
  if (new Set(folded).size === 1) {
    return { field, code: 'password_common', detail: 'must not be one character over and over' };
  }
  return undefined;
}

/** @throws Problem `password_refused` that says what is wrong with it */
export function assertPassword(field: string, password: string, email: string): void {
  const fault = passwordFault(field, password, email);
  if (fault === undefined) return;
  throw new Problem('invalid', 'password_refused', `The password ${fault.detail}.`, { errors: [fault] });
}
