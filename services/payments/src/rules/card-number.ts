const DIGITS_MIN = 13;
const DIGITS_MAX = 19;
/** Groups of digits, with at most one separator between them. */
const GROUPED = /\d+(?:[ \-.]\d+)*/g;

/**
 * Whether a text holds what looks like a card number: 13 to 19 digits, in one run or in groups, whose check digit is right (Luhn).
 * Card data must never reach this system; a client that sends it is refused and nothing of it is kept.
 */
export function holdsCardNumber(text: string): boolean {
  // Full-width and other digits become plain ones.
  const plain = text.normalize('NFKC');
  return [...plain.matchAll(GROUPED)].some(([match]) => someJoined(match.split(/\D/), isCardNumber));
}

/** Whether neighbouring groups, taken together, pass: an expiry date may follow the number. */
function someJoined(groups: readonly string[], passes: (digits: string) => boolean): boolean {
  return groups.some((_group, start) => {
    let digits = '';
    for (const group of groups.slice(start)) {
      digits += group;
      if (digits.length > DIGITS_MAX) return false;
      if (passes(digits)) return true;
    }
    return false;
  });
}

function isCardNumber(digits: string): boolean {
  if (digits.length < DIGITS_MIN || /^0+$/.test(digits)) return false;
  let sum = 0;
  for (let index = 0; index < digits.length; index += 1) {
    const digit = Number(digits[digits.length - 1 - index]);
    const doubled = digit * 2 > 9 ? digit * 2 - 9 : digit * 2;
    sum += index % 2 === 0 ? digit : doubled;
  }
  return sum % 10 === 0;
}
