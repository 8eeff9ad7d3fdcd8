import { describe, expect, test } from 'vitest';
import { nextStep, type RunSoFar, type Step, type WorkablePayment } from './next-step.ts';

const now = new Date('2026-11-22T12:00:00Z');
const hoursAgo = (hours: number) => new Date(now.getTime() - hours * 3_600_000);
const fresh: RunSoFar = { looked: false, createFinished: false, createSent: false };
const open: WorkablePayment = {
  method: 'card',
  status: 'pending',
  intentId: null,
  intentCalledAt: null,
  confirmOnCreate: false,
  attempt: 0,
  settledAttempt: 0,
  cancelReason: null,
};
const called = { ...open, intentCalledAt: hoursAgo(0) };
const known: WorkablePayment = { ...called, status: 'requires_payment_method', intentId: 'pi_1' };
/** An event told of the intent before the create's answer did. */
const overtaken: WorkablePayment = { ...known, confirmOnCreate: true, attempt: 1 };
const ending = { cancelReason: 'order_voided' };

const cases: [string, WorkablePayment, Partial<RunSoFar>, Step][] = [
  ['nothing was ever asked', open, {}, 'create'],
  ['a create may be under way: the same again', called, {}, 'create'],
  ['its key is about to be forgotten: search first', { ...called, intentCalledAt: hoursAgo(23) }, {}, 'find'],
  ['just before that', { ...called, intentCalledAt: hoursAgo(22.99) }, {}, 'create'],
  ['it was answered, with nothing of use', called, { createFinished: true }, 'find'],
  ['to end, and nobody was asked', { ...open, ...ending }, {}, 'drop'],
  ['to end, and a create may be under way', { ...called, ...ending }, {}, 'burn'],
  ['to end, and the create was sent', { ...called, ...ending }, { createSent: true }, 'create'],
  [
    'to end, and it was answered with nothing of use',
    { ...called, ...ending },
    { createFinished: true },
    'find',
  ],
  [
    'to end, and its key may be forgotten',
    { ...called, ...ending, intentCalledAt: hoursAgo(30) },
    {},
    'find',
  ],
  ['to end, and it exists', { ...known, ...ending }, {}, 'cancel'],
  ['to end comes before an attempt', { ...known, ...ending, attempt: 1 }, {}, 'cancel'],
  ['an attempt is open', { ...known, attempt: 2, settledAttempt: 1 }, {}, 'confirm'],
  ['an attempt is open, also after a look', { ...known, attempt: 1 }, { looked: true }, 'confirm'],
  ['the attempt of the create is open: the same create again', overtaken, {}, 'create'],
  [
    'that was answered, with nothing of use: the intent tells',
    overtaken,
    { createFinished: true },
    'retrieve',
  ],
  ['its key is about to be forgotten', { ...overtaken, intentCalledAt: hoursAgo(23) }, {}, 'retrieve'],
  ['no create with this key was sent', { ...overtaken, intentCalledAt: null }, {}, 'retrieve'],
  ['and the intent does not fit', { ...overtaken, intentCalledAt: null }, { looked: true }, 'wait'],
  ['to end comes before the attempt of the create', { ...overtaken, ...ending }, {}, 'cancel'],
  ['the attempt of the create is settled', { ...overtaken, settledAttempt: 1 }, { looked: true }, 'wait'],
  ['it waits for the buyer', { ...known, attempt: 1, settledAttempt: 1 }, { looked: true }, 'wait'],
  ['somebody should look', known, {}, 'retrieve'],
  ['captured, and something happened', { ...known, status: 'succeeded' }, {}, 'compare_refunds'],
  ['captured, and looked at', { ...known, status: 'refunded' }, { looked: true }, 'wait'],
  ['free of charge', { ...open, status: 'succeeded' }, {}, 'wait'],
  ['canceled, and something happened', { ...known, status: 'canceled' }, {}, 'retrieve'],
  ['canceled before it was asked for', { ...open, status: 'canceled' }, {}, 'wait'],
  ['a transfer', { ...open, method: 'transfer' }, {}, 'wait'],
  ['on account', { ...open, method: 'on_account', ...ending }, {}, 'wait'],
];

describe('nextStep', () => {
  test.each(cases)('%s', (_name, payment, run, expected) => {
    expect(nextStep(payment, { ...fresh, ...run }, now)).toBe(expected);
  });
});
