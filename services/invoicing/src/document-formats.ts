import type { Address } from '@zoco/contracts';
import { currencyExponent, formatMoney, toUnits } from '@zoco/kernel';
import { isShown } from './pdf-text.ts';
import type { DocumentSnapshot } from './rules/snapshot.ts';

/** How a document writes amounts, rates, days and addresses. */
export interface Formats {
  money(cents: number): string;
  rate(bps: number): string;
  count(quantity: number): string;
  /** A day `YYYY-MM-DD`. */
  day(day: string): string;
  /** The day of an instant, in the tenant's time zone. */
  dayOf(instant: string): string;
  address(address: Address): string[];
  /** The number of a bank account: an IBAN in groups of four, as people read it to each other. */
  account(number: string): string;
}

/** By its form: whether it is right was asked when it was given, and what a document shows must not depend on what is known later. */
export function isIbanForm(number: string): boolean {
  return /^[A-Z]{2}\d{2}/.test(number);
}

export function formatsOf({ locale, currency, time_zone: timeZone }: DocumentSnapshot): Formats {
  const { percent, number, days, instants, regions } = intlOf(locale, timeZone);
  return {
    money: moneyFormatOf(currency, locale),
    rate: (bps) => percent.format(bps / 10_000),
    count: (quantity) => number.format(quantity),
    day: (day) => days.format(new Date(`${day}T12:00:00.000Z`)),
    dayOf: (instant) => instants.format(new Date(instant)),
    address: (address) => [
      address.line1,
      ...(address.line2 ? [address.line2] : []),
      ...localityOf(address),
      regions.of(address.country) ?? address.country,
    ],
    account: (text) => (isIbanForm(text) ? text.replaceAll(/.{4}(?=.)/g, '$& ') : text),
  };
}

/** With the code of the currency when the fonts lack its symbol. */
function moneyFormatOf(currency: string, locale: string): (cents: number) => string {
  if (isShown(formatMoney(0, currency, locale))) return (cents) => formatMoney(cents, currency, locale);
  const decimals = currencyExponent(currency);
  const format = new Intl.NumberFormat(locale, {
    style: 'currency',
    currency,
    currencyDisplay: 'code',
    minimumFractionDigits: decimals,
    maximumFractionDigits: decimals,
  });
  return (cents) => format.format(toUnits(cents, currency));
}

interface IntlFormats {
  readonly percent: Intl.NumberFormat;
  readonly number: Intl.NumberFormat;
  readonly days: Intl.DateTimeFormat;
  readonly instants: Intl.DateTimeFormat;
  readonly regions: Intl.DisplayNames;
}

// Making these takes as long as drawing a page. One set per locale and time zone of a tenant, which are few.
const intlFormats = new Map<string, IntlFormats>();

function intlOf(locale: string, timeZone: string): IntlFormats {
  const key = `${locale} ${timeZone}`;
  const known = intlFormats.get(key);
  if (known !== undefined) return known;
  const formats = {
    percent: new Intl.NumberFormat(locale, { style: 'percent', maximumFractionDigits: 2 }),
    number: new Intl.NumberFormat(locale),
    days: new Intl.DateTimeFormat(locale, { dateStyle: 'long', timeZone: 'UTC' }),
    instants: new Intl.DateTimeFormat(locale, { dateStyle: 'long', timeZone }),
    regions: new Intl.DisplayNames(locale, { type: 'region' }),
  };
  intlFormats.set(key, formats);
  return formats;
}

/** City, region and postal code in the order of the country. */
function localityOf(address: Address): string[] {
  const { city, region, postal_code: code, country } = address;
  if (country === 'GB' || country === 'IE') return [city, ...(region ? [region] : []), code];
  if (['US', 'CA', 'AU', 'MX', 'CO'].includes(country)) {
    return [`${city}${region ? `, ${region}` : ''} ${code}`];
  }
  return [`${code} ${city}${region && region !== city ? ` (${region})` : ''}`];
}
