/** Digits of an ISBN without its hyphens and spaces. */
export function compactIsbn(text: string): string {
  return text.replaceAll(/[\s-]/g, '').toUpperCase();
}

/** Whether the check digit is right: ISBN-10 modulo 11, where X is 10 (ISO 2108:1992), ISBN-13 modulo 10 (ISO 2108:2017). */
export function isIsbn(compact: string): boolean {
  if (/^\d{9}[\dX]$/.test(compact)) {
    const sum = compact.split('').reduce((total, digit, at) => total + (10 - at) * digitOf(digit), 0);
    return sum % 11 === 0;
  }
  if (!/^\d{13}$/.test(compact)) return false;
  return (
    compact.split('').reduce((total, digit, at) => total + (at % 2 === 0 ? 1 : 3) * digitOf(digit), 0) %
      10 ===
    0
  );
}

/**
 * Whether text that stands where an ISBN is due can stay. With 10 or 13 digits it claims to be one and must check; other
 * numbers (an old SBN, a shop's own) claim nothing.
 */
export function isAcceptableIsbn(text: string): boolean {
  const compact = compactIsbn(text);
  return !/^(\d{9}[\dX]|\d{13})$/.test(compact) || isIsbn(compact);
}

/**
 * An ISBN as spreadsheets leave it: leading zeros are put back when the check digit then proves it, and what went through
 * a float (`9.78043902348e+12`) has lost digits that nobody can restore, so it is null. Anything else stays as it is.
 */
export function repairIsbn(text: string): string | null {
  const compact = compactIsbn(text);
  if (/^\d(\.\d+)?E\+?\d+$/.test(compact)) return null;
  if (isIsbn(compact)) return compact;
  const padded = compact.padStart(10, '0');
  return compact.length >= 7 && isIsbn(padded) ? padded : text.trim();
}

function digitOf(character: string): number {
  return character === 'X' ? 10 : Number(character);
}
