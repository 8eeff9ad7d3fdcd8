/** RFC 5321: the longest address that mail servers must take. */
export const EMAIL_LENGTH_MAX = 254;

// No quoted local parts and no address literals: nobody has them, and they are where parsers disagree. Letters of
// every script are fine (RFC 6531). Each part is bounded, so that no input makes it slow.
const EMAIL =
  /^[^\s@"(),:;<>[\]\\\p{Cc}]{1,64}@(?=.{3,253}$)(?:[\p{L}\p{N}](?:[\p{L}\p{N}-]{0,61}[\p{L}\p{N}])?\.)+[\p{L}\p{N}-]{2,63}$/u;

export function isEmail(text: string): boolean {
  return text.length <= EMAIL_LENGTH_MAX && EMAIL.test(text) && !/^\.|\.\.|\.@/.test(text);
}

/**
 * The form in which e-mail addresses are compared and stored: NFC and lower case. RFC 5321 would allow case to matter in
 * the local part, but no mail provider does so, and two accounts for one mailbox help nobody.
 */
export function normalizeEmail(text: string): string {
  // Lower-casing can take letters apart again (İ), hence NFC on both sides.
  return text.trim().normalize('NFC').toLowerCase().normalize('NFC');
}
