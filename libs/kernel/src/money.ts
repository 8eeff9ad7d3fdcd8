/**
 * Money is an integer number of minor units plus an ISO 4217 currency. Products run through BigInt, so that no
 * intermediate value leaves the safe range; results are plain numbers because JSON and Postgres carry them so.
 */

/** Largest amount accepted anywhere, in minor units: far above any order, far below 2^53. */
export const CENTS_MAX = 1_000_000_000_000;

// ISO 4217 list one, the currencies whose minor unit is not 2.
const EXPONENTS: Readonly<Record<string, number>> = Object.fromEntries<number>([
  ...'BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF'
    .split(' ')
    .map((code): [string, number] => [code, 0]),
  ...'BHD IQD JOD KWD LYD OMR TND'.split(' ').map((code): [string, number] => [code, 3]),
]);
const CURRENCIES = new Set(Intl.supportedValuesOf('currency'));

export function isCurrency(code: string): boolean {
  return CURRENCIES.has(code);
}

/** Number of decimals of a currency (ISO 4217 minor unit): 2 for EUR, 0 for JPY, 3 for KWD. */
export function currencyExponent(currency: string): number {
  return EXPONENTS[currency] ?? 2;
}

/** An amount in units of its currency: 1999 cents are 19.99. For people and charts, never to calculate with. */
export function toUnits(cents: number, currency: string): number {
  return cents / 10 ** currencyExponent(currency);
}

export function isCents(value: number): boolean {
  return Number.isSafeInteger(value) && Math.abs(value) <= CENTS_MAX;
}

/**
 * Adds amounts of one currency.
 * @throws RangeError when the sum leaves the accepted range
 */
export function sumCents(amounts: Iterable<number>): number {
  let sum = 0;
  for (const amount of amounts) sum += amount;
  return inRange(sum);
}

/**
 * Price times quantity.
 * @throws RangeError when the product leaves the accepted range
 */
export function multiplyCents(unitCents: number, quantity: number): number {
  return inRange(Number(BigInt(unitCents) * BigInt(quantity)));
}

/** Tax on top of a net amount, rounded half up. `rateBps` is in basis points: 2100 is 21 %. */
export function netTax(netCents: number, rateBps: number): number {
  return Number(divideHalfUp(BigInt(netCents) * BigInt(rateBps), 10_000n));
}

/** Tax contained in a gross amount, rounded half up, so that net + tax is always the gross amount. */
export function grossTax(grossCents: number, rateBps: number): number {
  return Number(divideHalfUp(BigInt(grossCents) * BigInt(rateBps), 10_000n + BigInt(rateBps)));
}

/**
 * Splits `totalCents` in proportion to `weights` by the largest remainder method: the parts add up to the total exactly,
 * each is within one minor unit of its share, and equal weights favour the earlier part.
 * @param weights non-negative integers; when all are 0 they count as equal
 * @throws RangeError for an empty list or a negative weight
 */
export function allocate(totalCents: number, weights: readonly number[]): number[] {
  if (weights.length === 0 || weights.some((weight) => weight < 0))
    throw new RangeError('weights must be non-negative');
  const sum = weights.reduce((total, weight) => total + BigInt(weight), 0n);
  const shares = sum === 0n ? weights.map(() => 1n) : weights.map(BigInt);
  const whole = sum === 0n ? BigInt(weights.length) : sum;
  const sign = totalCents < 0 ? -1 : 1;
  const total = BigInt(Math.abs(totalCents));
  const parts = shares.map((share, index) => ({
    index,
    cents: Number((total * share) / whole),
    remainder: (total * share) % whole,
  }));
  let left = Math.abs(totalCents) - parts.reduce((rest, part) => rest + part.cents, 0);
  const byRemainder = parts.toSorted((a, b) => compareBigInt(b.remainder, a.remainder) || a.index - b.index);
  for (const part of byRemainder) {
    if (left === 0) break;
    part.cents += 1;
    left -= 1;
  }
  return parts.map((part) => (part.cents === 0 ? 0 : sign * part.cents));
}

/**
 * Reads a decimal like `12.50` as minor units without passing through a float.
 * @returns null when it is not a plain decimal, has more decimals than the currency, or is out of range
 */
export function parseDecimal(text: string, currency: string): number | null {
  const match = /^(-?)(\d{1,13})(?:\.(\d{1,4}))?$/.exec(text.trim());
  if (!match) return null;
  const [, sign = '', units = '', fraction = ''] = match;
  const exponent = currencyExponent(currency);
  if (fraction.slice(exponent).replaceAll('0', '') !== '') return null;
  const cents = Number(units + fraction.slice(0, exponent).padEnd(exponent, '0'));
  if (!isCents(cents)) return null;
  return sign === '-' && cents !== 0 ? -cents : cents;
}

/** An amount as a person of that locale writes it, e.g. `1.234,50 €` for es-ES. */
export function formatMoney(cents: number, currency: string, locale: string): string {
  return moneyFormat(currency, locale).format(cents / 10 ** currencyExponent(currency));
}

// Making a formatter costs a hundred times what using it does. One per currency and locale in use, which are few.
const moneyFormats = new Map<string, Intl.NumberFormat>();

function moneyFormat(currency: string, locale: string): Intl.NumberFormat {
  const key = `${currency} ${locale}`;
  const known = moneyFormats.get(key);
  if (known !== undefined) return known;
  const exponent = currencyExponent(currency);
  const format = new Intl.NumberFormat(locale, {
    style: 'currency',
    currency,
    minimumFractionDigits: exponent,
    maximumFractionDigits: exponent,
  });
  moneyFormats.set(key, format);
  return format;
}

function inRange(cents: number): number {
  if (!isCents(cents)) throw new RangeError('amount out of range');
  return cents;
}

function divideHalfUp(numerator: bigint, denominator: bigint): bigint {
  const negative = numerator < 0n;
  const magnitude = negative ? -numerator : numerator;
  const rounded = (magnitude * 2n + denominator) / (denominator * 2n);
  return negative ? -rounded : rounded;
}

function compareBigInt(a: bigint, b: bigint): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
