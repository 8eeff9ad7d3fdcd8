import { z } from '@hono/zod-openapi';
import { holdsCardNumber } from '../rules/card-number.ts';

/** A text of a client. One that holds what looks like a card number is refused: card data goes to the provider alone. */
export const textField = (max: number) =>
  z
    .string()
    .trim()
    .min(1)
    .max(max)
    .refine((text) => !holdsCardNumber(text), 'looks like a card number, which must never be sent here');
