import { invalidParam, StripeFault } from './stripe-fault.ts';

/** Smallest charge by currency, in Stripe's units. @see https://docs.stripe.com/currencies#minimum-and-maximum-charge-amounts */
const SMALLEST: Readonly<Record<string, number>> = {
  usd: 50,
  eur: 50,
  gbp: 30,
  mxn: 1000,
  jpy: 50,
  aud: 50,
  brl: 50,
  cad: 50,
  chf: 50,
  dkk: 250,
  nok: 300,
  sek: 300,
  pln: 200,
  hkd: 400,
  czk: 1500,
  huf: 17_500,
  ron: 200,
  sgd: 50,
};
const LARGEST = 99_999_999;

/** The last digits of an amount must be zero: 3 decimals are rounded to 2, and two currencies have decimals in name only. */
const MULTIPLES: Readonly<Record<string, number>> = {
  bhd: 10,
  jod: 10,
  kwd: 10,
  omr: 10,
  tnd: 10,
  isk: 100,
  ugx: 100,
};

const refuse = (code: string, message: string) =>
  new StripeFault(400, { type: 'invalid_request_error', code, param: 'amount', message });

/** Checks the amount of a charge. @throws StripeFault as Stripe words it */
export function checkChargeAmount(amount: number, currency: string): void {
  if (!/^[a-z]{3}$/.test(currency)) {
    throw invalidParam('currency', 'parameter_invalid_string', `Invalid currency: ${currency}`);
  }
  if (amount < 1) {
    throw invalidParam(
      'amount',
      'parameter_invalid_integer',
      'This value must be greater than or equal to 1.',
    );
  }
  if (amount > LARGEST) {
    throw refuse('amount_too_large', 'Amount must be no more than 999,999.99.');
  }
  if (amount < (SMALLEST[currency] ?? 1)) {
    throw refuse('amount_too_small', 'Amount must convert to at least 50 cents.');
  }
  checkMultiple(amount, currency);
}

export function checkMultiple(amount: number, currency: string): void {
  const multiple = MULTIPLES[currency] ?? 1;
  if (amount % multiple !== 0) {
    throw refuse(
      'invalid_charge_amount_no_decimal_compatible',
      `Invalid amount. Amounts in ${currency.toUpperCase()} must be evenly divisible by ${multiple}.`,
    );
  }
}

/** Fee of a charge: 2.9 % and 30 minor units, a common price of cards. */
export function feeOf(amount: number): number {
  return Math.min(amount, Math.round(amount * 0.029) + 30);
}
