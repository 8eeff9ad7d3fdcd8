import { withoutIbans } from './iban.ts';

const UNBROKEN = /\d+/g;
/**
 * Groups with one separator between them, and a letter that touches them: those belong to a UUID or an IBAN. It begins with a first digit or
 * the letter before it, so that the time it takes grows no faster than the text.
 */
const GROUPED = /(?<!\d)\p{L}?\d+(?:[ \-.]\d+)+\p{L}?/gu;

/** Lengths of the groups on a card, and where no more groups of four stand beside them, as in an account number. */
const PRINTED = /(?<!4 |\d)(?:4 4 4 4|4 6 [45])(?! 4|\d)/g;

/**
 * Prefixes and lengths of the networks: Visa, Mastercard (two ranges), American Express, Diners Club, JCB, and Discover, UnionPay and
 * Maestro. Time stamps and most reference numbers are none of them.
 * @see https://www.iso.org/standard/70484.html (ISO/IEC 7812-1)
 */
const NETWORKS =
  /^(?:4(?:\d{12}|\d{15}|\d{18})|5[1-5]\d{14}|2(?:22[1-9]|2[3-9]\d|[3-6]\d\d|7[01]\d|720)\d{12}|3[47]\d{13}|3(?:0[0-5]|[689]\d)\d{11}|35\d{14}|6\d{15,18})$/;

/**
 * Whether a text holds what looks like a card number: in one run or grouped as on a card, of a network's prefix and length, with the right
 * check digit (Luhn). Card data must never reach this system; a client that sends it is refused and nothing of it is kept.
 */
export function holdsCardNumber(text: string): boolean {
  // Full-width and other digits become plain ones. Digits of an account may be those of a card by chance: one in ten that begin alike.
  const plain = withoutIbans(text.normalize('NFKC'));
  return (
    [...plain.matchAll(UNBROKEN)].some(([digits]) => isCardNumber(digits)) ||
    [...plain.matchAll(GROUPED)].some(
      ([run]) => !/\p{L}/u.test(run) && printed(run.split(/\D/)).some(isCardNumber),
    )
  );
}

/** The digits of neighbouring groups that stand as on a card. What follows them is more of the number, or its security code. */
function printed(groups: readonly string[]): string[] {
  const lengths = groups.map(({ length }) => length).join(' ');
  return [...lengths.matchAll(PRINTED)].flatMap(({ 0: shape, index }) => {
    const start = lengths.slice(0, index).split(' ').length - 1;
    const end = start + shape.split(' ').length;
    return [groups.slice(start, end).join(''), groups.slice(start, end + 1).join('')];
  });
}

function isCardNumber(digits: string): boolean {
  if (!NETWORKS.test(digits)) return false;
  let sum = 0;
  for (let index = 0; index < digits.length; index += 1) {
    const digit = Number(digits[digits.length - 1 - index]);
    const doubled = digit * 2 > 9 ? digit * 2 - 9 : digit * 2;
    sum += index % 2 === 0 ? digit : doubled;
  }
  return sum % 10 === 0;
}
