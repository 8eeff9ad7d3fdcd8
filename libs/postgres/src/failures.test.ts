import { Problem } from '@zoco/kernel';
import postgres from 'postgres';
import { describe, expect, test } from 'vitest';
import {
  databaseProblem,
  isConnectionLoss,
  isDatabaseAway,
  isRefusedValue,
  isRetryable,
  isUniqueViolation,
} from './failures.ts';

const { PostgresError } = postgres;

/** An error as the server sends it, with the fields that matter here. */
function fromServer(code: string, constraint?: string): Error {
  // The driver's constructor takes the parsed message, which its types do not tell.
  return Object.assign(Reflect.construct(PostgresError, [{ message: code }]) as Error, {
    code,
    ...(constraint === undefined ? {} : { constraint_name: constraint }),
  });
}
const wrapped = (error: Error) => new Error('Failed query: select 1', { cause: error });
const fromDriver = (code: string) => Object.assign(new Error(code), { code });

describe('a transaction runs again when Postgres asks for it', () => {
  test.each([
    ['40001', true],
    ['40P01', true],
    ['23505', false],
    ['57014', false],
    ['57P01', false],
  ])('%s: %s', (code, expected) => {
    expect(isRetryable(fromServer(code))).toBe(expected);
    expect(isRetryable(wrapped(wrapped(fromServer(code))))).toBe(expected);
  });

  test.each([[new Error('40001')], [fromDriver('40001')], ['40001'], [undefined]])(
    'never for %s',
    (error) => {
      expect(isRetryable(error)).toBe(false);
    },
  );
});

describe('503 while the database is busy or away', () => {
  test.each([
    fromServer('57014'), // statement timeout
    fromServer('55P03'), // lock timeout
    fromServer('57P01'), // shutdown
    fromServer('57P03'), // starting up
    fromServer('53300'), // no connection left
    fromServer('25P03'), // idle in transaction
    fromDriver('ECONNREFUSED'),
    fromDriver('ECONNRESET'),
    fromDriver('CONNECT_TIMEOUT'),
    fromDriver('CONNECTION_CLOSED'),
    fromDriver('CONNECTION_ENDED'),
    fromDriver('ENOTFOUND'),
  ])('%s', (error) => {
    for (const found of [databaseProblem(error), databaseProblem(wrapped(error))]) {
      expect(found).toMatchObject({ status: 503, code: 'database_unavailable', retryAfterSeconds: 1 });
      expect(found?.message).not.toContain(error.message);
    }
  });

  test.each([
    fromServer('23505'),
    fromServer('42P01'),
    fromServer('42501'),
    new Error('x'),
    fromDriver('ERR_X'),
  ])('but not for %s, which is a bug', (error) => {
    expect(databaseProblem(error)).toBeUndefined();
    expect(databaseProblem(wrapped(error))).toBeUndefined();
  });
});

const fatal = (code: string) => Object.assign(fromServer(code), { severity: 'FATAL' });

// Lost: nobody knows whether what was sent took effect. Away: the database, not what was asked of it.
test.each([
  [fromDriver('ECONNRESET'), { isLost: true, isAway: true }],
  [fromDriver('EHOSTUNREACH'), { isLost: true, isAway: true }],
  [Object.assign(fromDriver('ENOENT'), { syscall: 'connect' }), { isLost: true, isAway: true }],
  [Object.assign(fromDriver('ENOENT'), { syscall: 'open' }), { isLost: false, isAway: false }],
  [fromDriver('ERR_SSL_DECRYPTION_FAILED_OR_BAD_RECORD_MAC'), { isLost: true, isAway: true }],
  [wrapped(fromDriver('CONNECTION_CLOSED')), { isLost: true, isAway: true }],
  [fatal('57P01'), { isLost: true, isAway: true }],
  [fromServer('53100'), { isLost: false, isAway: true }],
  [fromServer('25006'), { isLost: false, isAway: true }],
  [new Problem('unavailable', 'database_busy', 'Full.'), { isLost: false, isAway: true }],
  [
    new Problem('unavailable', 'x', 'A neighbour is away.', { cause: fromDriver('ECONNREFUSED') }),
    { isLost: false, isAway: false },
  ],
  [fromServer('57014'), { isLost: false, isAway: false }],
  [fromServer('23505'), { isLost: false, isAway: false }],
  [fromDriver('ERR_INVALID_ARG_TYPE'), { isLost: false, isAway: false }],
  [fromDriver('UNDEFINED_VALUE'), { isLost: false, isAway: false }],
  [new Error('a bug'), { isLost: false, isAway: false }],
])('lost or away %#: %s', (error, expected) => {
  expect({ isLost: isConnectionLoss(error), isAway: isDatabaseAway(error) }).toEqual(expected);
});

test.each([
  [fromServer('23505', 'products_sku'), 'products_sku', true],
  [fromServer('23505', 'products_sku'), undefined, true],
  [wrapped(fromServer('23505', 'products_sku')), 'products_sku', true],
  [fromServer('23505', 'products_sku'), 'products_name', false],
  [fromServer('23503', 'products_sku'), 'products_sku', false],
  [new Error('23505'), undefined, false],
])('unique violation %#', (error, constraint, expected) => {
  expect(isUniqueViolation(error, constraint)).toBe(expected);
});

test.each([
  [fromServer('22003'), true],
  [wrapped(fromServer('23514')), true],
  [fromServer('57P01'), false],
  [fromServer('42P01'), false],
  [fromServer('40001'), false],
  [fromDriver('22003'), false],
  [fromDriver('ECONNRESET'), false],
])('refused value %#', (error, expected) => {
  expect(isRefusedValue(error)).toBe(expected);
});
