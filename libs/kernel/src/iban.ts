/**
 * Countries of the registry, each with the length of its numbers.
 * @see https://www.swift.com/standards/data-standards/iban-international-bank-account-number
 */
const LENGTHS = `
  AD24 AE23 AL28 AT20 AZ28 BA20 BE16 BG22 BH22 BI27 BR29 BY28 CH21 CR22 CY28 CZ24 DE22 DJ27 DK18 DO28 EE20 EG29 ES24 FI18 FK18 FO18 FR27 GB22
  GE22 GI23 GL18 GR27 GT28 HN28 HR21 HU28 IE22 IL23 IQ23 IS26 IT27 JO30 KW30 KZ20 LB28 LC32 LI21 LT20 LU20 LV21 LY25 MC27 MD24 ME22 MK19 MN20
  MR27 MT31 MU30 NI28 NL18 NO15 OM23 PK24 PL28 PS29 PT25 QA29 RO24 RS22 RU33 SA24 SC31 SD18 SE24 SI19 SK24 SM27 SO23 ST25 SV28 TL23 TN24 TR26
  UA29 VA22 VG24 XK20 YE30`;

const LENGTH_OF: ReadonlyMap<string, number> = new Map(
  LENGTHS.trim()
    .split(/\s+/)
    .map((entry) => [entry.slice(0, 2), Number(entry.slice(2))]),
);

/** Check digits run from 02 to 98: the others would leave the same remainder as one of these. */
const FORM = /^[A-Z]{2}(?:0[2-9]|[1-8]\d|9[0-8])[A-Z\d]{11,30}$/;

/**
 * Whether a text is an international bank account number (ISO 13616) in its electronic form: capitals, no spaces, as long as those of its
 * country and with the right check digits (ISO 7064, MOD 97-10). A country that has joined the registry since may have any length.
 */
export function isIban(text: string): boolean {
  const length = LENGTH_OF.get(text.slice(0, 2)) ?? text.length;
  return FORM.test(text) && text.length === length && remainderOf(text) === 1;
}

/** Of the number that it makes when country and check digits go to its end, and A to Z count as 10 to 35. */
function remainderOf(iban: string): number {
  let remainder = 0;
  for (const character of iban.slice(4) + iban.slice(0, 4)) {
    const value = Number.parseInt(character, 36);
    remainder = (remainder * (value < 10 ? 10 : 100) + value) % 97;
  }
  return remainder;
}

const COUNTRIES_BY_LENGTH = [...Map.groupBy(LENGTH_OF, ([, length]) => length)].map(
  ([length, countries]) =>
    String.raw`(?:${countries.map(([code]) => code).join('|')})\d{2}(?: ?[A-Z\d]){${length - 4}}`,
);

/** By length, because only that tells where a number ends that has spaces in it and words behind it. */
const IN_TEXT = new RegExp(
  String.raw`(?<![\p{L}\d])(?:${COUNTRIES_BY_LENGTH.join('|')})(?![\p{L}\d])`,
  'giu',
);

/** A text with a bar in the place of each IBAN, written together or in groups: parts of one are no other number. */
export function withoutIbans(text: string): string {
  return text.replaceAll(IN_TEXT, (run) => (isIban(run.replaceAll(' ', '').toUpperCase()) ? '|' : run));
}
