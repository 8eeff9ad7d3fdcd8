import { expect, test } from 'vitest';
import { loadConfig } from './config.ts';

const env = {
  SERVICE_NAME: 'payments',
  NATS_URL: 'nats://localhost:4222',
  USERS_URL: 'http://localhost:8081',
  SERVICE_IDENTITY_KEY_FILE: 'key.json',
  SERVICE_IDENTITY_JWKS_FILE: 'jwks.json',
  DATABASE_URL: 'postgres://localhost/zoco_payments',
  DATABASE_WORKER_URL: 'postgres://localhost/zoco_payments',
  STRIPE_SECRET_KEY: 'sk_test_abc',
  STRIPE_WEBHOOK_SECRET: 'whsec_abc',
};

test('the defaults are those of the correctness rules', () => {
  expect(loadConfig(env)).toMatchObject({
    PAYMENTS_STRIPE_TIMEOUT_MS: 10_000,
    PAYMENTS_RECONCILE_FIRST_SECONDS: 30,
    PAYMENTS_RECONCILE_MAX_SECONDS: 600,
    PAYMENTS_EVENT_GAP_MINUTES: 15,
  });
});

test.each([
  ['a publishable key', { STRIPE_SECRET_KEY: 'pk_test_abc' }, 'STRIPE_SECRET_KEY'],
  ['no key', { STRIPE_SECRET_KEY: '' }, 'STRIPE_SECRET_KEY'],
  ['no webhook secret', { STRIPE_WEBHOOK_SECRET: '' }, 'STRIPE_WEBHOOK_SECRET'],
  [
    'a key of the real Stripe for another host',
    { STRIPE_SECRET_KEY: 'sk_live_abc', STRIPE_API_URL: 'http://x' },
    'STRIPE_API_URL',
  ],
])('%s: start-up names the variable and no value', (_name, change, variable) => {
  const load = () => loadConfig({ ...env, ...change });
  expect(load).toThrow(variable);
  expect(load).not.toThrow(/abc/);
});
