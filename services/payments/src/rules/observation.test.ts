import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type IntentFacts, type ObservedPayment, observe } from './observation.ts';
import { isOpen, NEXT, PAYMENT_STATUSES } from './payment.ts';

const payment: ObservedPayment = {
  status: 'pending',
  intentId: 'pi_1',
  amountCents: 2948,
  currency: 'EUR',
  lastFailure: null,
  orderEnded: false,
};
const intent: IntentFacts = {
  id: 'pi_1',
  status: 'requires_payment_method',
  amountCents: 2948,
  currency: 'EUR',
  failure: null,
  nextActionUrl: null,
  clientSecret: null,
};
const failure = { code: 'generic_decline', detail: 'no', mark: 'ch_1' };

const cases: [string, Partial<ObservedPayment>, Partial<IntentFacts>, string][] = [
  ['the first news of the money', {}, { status: 'succeeded' }, 'captured'],
  ['the same news again', { status: 'succeeded' }, { status: 'succeeded' }, 'nothing'],
  ['after a refund', { status: 'refunded' }, { status: 'succeeded' }, 'nothing'],
  ['an intent that nobody had noted', { intentId: null }, { status: 'succeeded' }, 'captured'],
  ['money after the end of the order', { orderEnded: true }, { status: 'succeeded' }, 'late'],
  ['money after the end of the payment', { status: 'canceled' }, { status: 'succeeded' }, 'late'],
  ['money for a second intent', { status: 'succeeded' }, { id: 'pi_2', status: 'succeeded' }, 'late'],
  ['money for a second intent of an open one', {}, { id: 'pi_2', status: 'succeeded' }, 'late'],
  ['a second intent that is open', {}, { id: 'pi_2' }, 'nothing'],
  ['another amount', {}, { status: 'succeeded', amountCents: 2947 }, 'mismatch'],
  ['another currency', {}, { status: 'succeeded', currency: 'USD' }, 'mismatch'],
  ['an amount that is none', {}, { status: 'succeeded', amountCents: null }, 'mismatch'],
  ['canceled there', {}, { status: 'canceled' }, 'canceled'],
  ['canceled there, known', { status: 'canceled' }, { status: 'canceled' }, 'nothing'],
  ['an old answer after the capture', { status: 'succeeded' }, { status: 'requires_action' }, 'nothing'],
  ['an old decline after the capture', { status: 'succeeded' }, { failure }, 'nothing'],
  ['a decline', {}, { failure }, 'declined'],
  ['the same decline again', { lastFailure: 'ch_1' }, { failure }, 'open'],
  ['the next decline', { lastFailure: 'ch_0' }, { failure }, 'declined'],
  ['it waits for the buyer', {}, { status: 'requires_action' }, 'open'],
];

describe('observe', () => {
  test.each(cases)('%s', (_name, known, told, expected) => {
    expect(observe({ ...payment, ...known }, { ...intent, ...told }).kind).toBe(expected);
  });

  test('nothing leads out of a final state, and no state is left by an edge that the table lacks', () => {
    const statuses = fc.constantFrom(...PAYMENT_STATUSES);
    const told = fc.record({
      id: fc.constantFrom('pi_1', 'pi_2'),
      status: fc.constantFrom<IntentFacts['status']>(
        'requires_payment_method',
        'requires_action',
        'processing',
        'succeeded',
        'canceled',
      ),
      failure: fc.constantFrom(null, failure),
    });
    fc.assert(
      fc.property(statuses, fc.boolean(), told, (status, orderEnded, facts) => {
        const { kind } = observe({ ...payment, status, orderEnded }, { ...intent, ...facts });
        const allowed = {
          captured: NEXT[status].includes('succeeded') && !orderEnded,
          canceled: NEXT[status].includes('canceled'),
          declined: isOpen(status),
          open: isOpen(status),
          late: facts.status === 'succeeded',
          mismatch: false,
          nothing: true,
        };
        expect({ kind, allowed: allowed[kind] }).toEqual({ kind, allowed: true });
      }),
    );
  });
});
