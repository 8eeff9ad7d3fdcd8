import { describe, expect, test } from 'vitest';
import { checkPayable, type Payable } from './paying.ts';

describe('checkPayable', () => {
  const payable: Payable = {
    method: 'card',
    status: 'requires_payment_method',
    attempt: 1,
    settledAttempt: 1,
    failures: 1,
    cancelReason: null,
    orderEnded: false,
    isWindowOver: false,
  };
  const byCard = { method: 'card', hasToken: true } as const;

  test.each<[string, Partial<Payable>, boolean]>([
    ['after a decline', {}, true],
    ['instead of authenticating', { status: 'requires_action' }, true],
    ['to have the client secret, while an attempt is open', { attempt: 2 }, false],
    ['the fifth time', { attempt: 4, settledAttempt: 4 }, true],
  ])('may be paid %s', (_name, given, hasToken) => {
    expect(() => checkPayable({ ...payable, ...given }, { method: 'card', hasToken })).not.toThrow();
  });

  test.each<[Partial<Payable>, string]>([
    [{ method: 'transfer' }, 'payment_method_mismatch'],
    [{ status: 'succeeded' }, 'payment_already_captured'],
    [{ status: 'refunded' }, 'payment_already_captured'],
    [{ status: 'canceled' }, 'payment_canceled'],
    [{ cancelReason: 'order_voided' }, 'payment_canceled'],
    [{ orderEnded: true }, 'payment_canceled'],
    [{ isWindowOver: true }, 'payment_window_over'],
    [{ attempt: 2 }, 'payment_in_progress'],
    [{ status: 'processing' }, 'payment_in_progress'],
    [{ attempt: 5, settledAttempt: 5 }, 'payment_attempts_exhausted'],
    [{ failures: 5 }, 'payment_attempts_exhausted'],
  ])('%o: %s', (given, code) => {
    expect(() => checkPayable({ ...payable, ...given }, byCard)).toThrow(expect.objectContaining({ code }));
  });

  test('a transfer takes no token', () => {
    const given = { ...payable, method: 'transfer' as const };
    expect(() => checkPayable(given, { method: 'transfer', hasToken: true })).toThrow(
      expect.objectContaining({ code: 'payment_token_unused' }),
    );
  });
});
