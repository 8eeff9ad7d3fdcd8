import { describe, expect, test } from 'vitest';
import { isOldNews, isTimely } from './webhook.ts';

describe('webhooks', () => {
  test.each([
    ['payment_intent.succeeded', 'succeeded', true],
    ['payment_intent.succeeded', 'refunded', true],
    ['payment_intent.succeeded', 'pending', false],
    ['payment_intent.succeeded', 'canceled', false],
    ['payment_intent.canceled', 'canceled', true],
    ['payment_intent.canceled', 'pending', false],
    ['payment_intent.payment_failed', 'succeeded', true],
    ['payment_intent.payment_failed', 'requires_payment_method', false],
    ['charge.refunded', 'succeeded', false],
    ['refund.updated', 'refunded', false],
  ] as const)('%s of one that is %s is old news: %s', (type, status, expected) => {
    expect(isOldNews(type, status)).toBe(expected);
  });

  test.each([
    ['t=1000,v1=x', true],
    ['t=700,v1=x', true],
    ['t=1300,v1=x', true],
    ['t=699,v1=x', false],
    ['t=1301,v1=x', false],
    ['v1=x', false],
    ['t=,v1=x', false],
    ['t=1000,t=5,v1=x', false],
    ['t=1e3,v1=x', false],
    ['t=NaN', false],
  ])('%s is in time: %s', (header, expected) => {
    expect(isTimely(header, 1000, 300)).toBe(expected);
  });
});
