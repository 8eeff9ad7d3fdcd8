const ALPHABET = '0123456789abcdefghjkmnpqrstvwxyz';

/**
 * How long ago an order id was made: a TypeID carries a UUIDv7, whose first 48 bits are the time in milliseconds.
 * @param orderId well-formed
 */
export function orderAgeMs(orderId: string, now: Date): number {
  const suffix = orderId.slice(orderId.indexOf('_') + 1);
  let createdMs = 0;
  for (const char of suffix.slice(0, 10)) createdMs = createdMs * 32 + ALPHABET.indexOf(char);
  return now.getTime() - createdMs;
}
