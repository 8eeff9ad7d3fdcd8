import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { ServiceName } from '@zoco/contracts';
import type { PortPlan } from './ports.ts';
import { ROOT } from './repository.ts';
import type { LocalSecrets } from './secrets.ts';

/** The server that stands in for Stripe on this machine, and what payments need to find it. */
export interface StripeSandbox {
  readonly port: number;
  readonly secretKey: string;
  readonly webhookSecret: string;
  /** Where it delivers its events: the public door, as Stripe would. */
  readonly webhookUrl: string;
  /** What it remembers over restarts. */
  readonly journalFile: string;
}

export const SANDBOX_PROGRAM = 'libs/stripe-sandbox/src/main.ts';

/** A sandbox when there are payments to make, unless the caller brings a key of the real Stripe. */
export function planSandbox(
  services: readonly ServiceName[],
  { stripeSandbox: port, services: ports }: PortPlan,
  { stripeWebhookSecret }: LocalSecrets,
  dir: string,
  caller: Readonly<Record<string, string | undefined>>,
): StripeSandbox | undefined {
  if (
    !services.includes('payments') ||
    caller['STRIPE_SECRET_KEY'] ||
    !existsSync(join(ROOT, SANDBOX_PROGRAM))
  ) {
    return undefined;
  }
  return {
    port,
    secretKey: 'sk_test_zoco_sandbox',
    webhookSecret: stripeWebhookSecret,
    webhookUrl: `http://127.0.0.1:${ports.get('gateway')?.port}/api/v1/payments/webhooks/stripe`,
    journalFile: join(dir, 'stripe-sandbox.journal'),
  };
}

export function sandboxEnvironment(stripe: StripeSandbox): Record<string, string> {
  return {
    NODE_ENV: 'production',
    HOST: '127.0.0.1',
    PORT: String(stripe.port),
    STRIPE_SANDBOX_SECRET_KEY: stripe.secretKey,
    STRIPE_SANDBOX_WEBHOOK_URL: stripe.webhookUrl,
    STRIPE_SANDBOX_WEBHOOK_SECRET: stripe.webhookSecret,
    STRIPE_SANDBOX_JOURNAL: stripe.journalFile,
  };
}

/** What the payments service gets: the same SDK speaks to the sandbox, only the host differs. */
export function paymentsEnvironment(stripe: StripeSandbox | undefined): Record<string, string> {
  if (stripe === undefined) return {};
  return {
    STRIPE_SECRET_KEY: stripe.secretKey,
    STRIPE_WEBHOOK_SECRET: stripe.webhookSecret,
    STRIPE_API_URL: `http://127.0.0.1:${stripe.port}`,
  };
}
