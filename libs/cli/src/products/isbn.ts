const ISBN_10 = /^\d{9}[\dX]$/;
const ISBN_13 = /^97[89]\d{10}$/;

/**
 * The ISBN-13 behind an ISBN-10 that a spreadsheet may have robbed of its leading zeros.
 * @returns undefined unless the check digit is right
 * @see https://www.isbn-international.org/content/isbn-users-manual
 */
export function isbn13FromIsbn10(text: string): string | undefined {
  const isbn = text.trim().toUpperCase().padStart(10, '0');
  if (!ISBN_10.test(isbn) || text.trim() === '') return undefined;
  const sum = digitsOf(isbn).reduce((total, value, index) => total + (10 - index) * value, 0);
  if (sum % 11 !== 0) return undefined;
  const stem = `978${isbn.slice(0, 9)}`;
  return stem + checkDigit(stem);
}

/** Whether a text is an ISBN-13 with the right check digit. */
export function isIsbn13(text: string): boolean {
  return ISBN_13.test(text) && checkDigit(text.slice(0, 12)) === text.at(-1);
}

/**
 * The ISBN-13 behind a number that a spreadsheet wrote as `9.78043902348e+12`: twelve digits are left of thirteen, and the last
 * follows from them, when it agrees with how they were rounded.
 * @returns undefined when none agrees, or more than one does
 */
export function isbn13FromScientific(text: string): string | undefined {
  if (isIsbn13(text.trim())) return text.trim();
  const [, units, fraction = '', exponent] = /^(9)\.(7[89]\d{0,9})e\+?(12)$/i.exec(text.trim()) ?? [];
  if (units === undefined || exponent === undefined) return undefined;
  const rounded = Number((units + fraction).padEnd(12, '0'));
  // 978…4 and below was rounded down to these twelve digits, 978…6 and above up, from a stem one lower; 5 may be either.
  const candidates = [rounded, rounded - 1].flatMap((stem) => {
    const last = checkDigit(String(stem));
    const agrees = stem === rounded ? last <= '5' : last >= '5';
    return agrees ? [`${stem}${last}`] : [];
  });
  return candidates.length === 1 ? candidates[0] : undefined;
}

function checkDigit(stem: string): string {
  const sum = digitsOf(stem).reduce((total, value, index) => total + value * (index % 2 === 0 ? 1 : 3), 0);
  return String((10 - (sum % 10)) % 10);
}

function digitsOf(isbn: string): number[] {
  return Array.from(isbn, (char) => (char === 'X' ? 10 : Number(char)));
}
