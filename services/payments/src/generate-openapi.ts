import { createLogger, writeOpenapi } from '@zoco/service';
import { routers } from './app.ts';
import { createStripeCalls } from './stripe-calls.ts';
import { createStripe } from './stripe-client.ts';
import { createWork } from './work.ts';

const config = {
  STRIPE_SECRET_KEY: 'sk_test_documentation',
  STRIPE_WEBHOOK_SECRET: 'whsec_documentation',
  STRIPE_WEBHOOK_SECRET_PREVIOUS: undefined,
  STRIPE_API_URL: undefined,
  PAYMENTS_STRIPE_TIMEOUT_MS: 1,
  PAYMENTS_REQUEST_WAIT_MS: 0,
};
const never = () => Promise.reject(new Error('no data while documenting'));
const stripe = createStripe(config);
const payments = {
  db: {
    transact: never,
    transactOnce: never,
    transactTogether: never,
    read: never,
    work: never,
    listen: never,
    onSignal: () => () => {},
    check: never,
    load: { running: 0, waiting: 0, max: 0 },
    async [Symbol.asyncDispose]() {},
  },
  stripe: createStripeCalls({ stripe, environment: 'documentation', returnUrl: 'http://localhost/' }),
  log: createLogger({ service: 'payments', version: '', level: 'silent' }),
  failpoint: () => {},
  settings: {
    PAYMENTS_LEASE_SECONDS: 1,
    PAYMENTS_RECONCILE_FIRST_SECONDS: 1,
    PAYMENTS_RECONCILE_MAX_SECONDS: 1,
  },
};
const document = new URL('../openapi.json', import.meta.url);
await writeOpenapi(document, routers({ payments, work: createWork(payments, 1), stripe, config }), {
  title: 'Zoco payments',
  version: '0.1.0',
  description: 'Payments by card, transfer and on account, refunds, and the double-entry ledger.',
});
