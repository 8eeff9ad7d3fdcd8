import { holdsCardNumber, isIban } from '@zoco/kernel';

/** The beginning of an IBAN; national numbers have no letters. */
const IBAN_BEGINNING = /^[a-z]{2}\d{2}/i;

const NATIONAL = /^(?=.{4,34}$)\d+(?:[ -]\d+)*$/;

const BIC = /^[A-Z\d]{4}[A-Z]{2}[A-Z\d]{2}(?:[A-Z\d]{3})?$/;

/** An IBAN in its electronic form; a national number as it was written, since its groups mean something to its bank. */
export function normalAccountNumber(text: string): string {
  const together = text.replaceAll(/\s/g, '');
  return IBAN_BEGINNING.test(together) ? together.toUpperCase() : text.trim().replaceAll(/\s+/g, ' ');
}

/**
 * Why it is no number of an account, undefined when it is one. What looks like a card is refused as a national number: it would be
 * printed on every invoice.
 * @param number in its normal form
 */
export function accountNumberFault(number: string): string | undefined {
  if (IBAN_BEGINNING.test(number))
    return isIban(number) ? undefined : 'is not a valid IBAN: its length or its check digits are wrong';
  if (!NATIONAL.test(number))
    return 'must be an IBAN, or a national number of 4 to 34 digits with single spaces or hyphens between them';
  if (holdsCardNumber(number))
    return 'looks like a card number, which must never be sent here; write an account that looks like one in the groups of its bank';
  return undefined;
}

/** A business identifier code: party, country, location, and a branch if one is named (ISO 9362). */
export function isBic(text: string): boolean {
  return BIC.test(text);
}
