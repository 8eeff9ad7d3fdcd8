import { z } from '@hono/zod-openapi';
import { addressField } from '@zoco/contracts';
import { holdsCardNumber, isCountry } from '@zoco/kernel';

const CARD_NUMBER = 'looks like a card number, which must never be sent here';

/** A text of a client. One that holds what looks like a card number is refused: card data goes to the provider alone. */
export const textField = (max: number) =>
  z
    .string()
    .trim()
    .min(1)
    .max(max, { abort: true })
    .refine((text) => !holdsCardNumber(text), CARD_NUMBER);

/** An address that a client sends: the same is refused in it, and a country that is none. What was stored before is read as it is. */
export const addressInput = addressField.superRefine((address, check) => {
  if (!isCountry(address.country))
    check.addIssue({ code: 'custom', path: ['country'], message: 'is no country of ISO 3166-1' });
  for (const [name, text] of Object.entries(address))
    if (text !== undefined && holdsCardNumber(text))
      check.addIssue({ code: 'custom', path: [name], message: CARD_NUMBER });
});
