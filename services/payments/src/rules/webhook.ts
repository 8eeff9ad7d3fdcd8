import { isCaptured, type PaymentStatus } from './payment.ts';

/**
 * Whether an event can tell nothing that is not known already, judged by its type alone: what an event says is only ever a reason to
 * look at the thing itself.
 */
export function isOldNews(type: string, status: PaymentStatus): boolean {
  if (type === 'payment_intent.succeeded' || type === 'charge.succeeded') return isCaptured(status);
  if (type === 'payment_intent.canceled') return status === 'canceled';
  if (type.startsWith('payment_intent.')) return isCaptured(status) || status === 'canceled';
  return false;
}

/** Whether a signature's time is within `toleranceSeconds` of now, in both directions: the SDK only refuses old ones. */
export function isTimely(header: string, nowSeconds: number, toleranceSeconds: number): boolean {
  const stamps = header.split(',').flatMap((part) => {
    const [name, value = ''] = part.split('=');
    return name?.trim() === 't' ? [value] : [];
  });
  const [stamp = ''] = stamps;
  if (stamps.length !== 1 || !/^\d{1,12}$/.test(stamp)) return false;
  return Math.abs(nowSeconds - Number(stamp)) <= toleranceSeconds;
}
