import { Stripe } from 'stripe';
import type { Config } from './config.ts';

/** Version that this code was written for: Stripe's answers keep its shape, whatever the account's default is. */
const API_VERSION = '2026-10-28.endive';

export type StripeSettings = Pick<
  Config,
  'STRIPE_SECRET_KEY' | 'STRIPE_API_URL' | 'PAYMENTS_STRIPE_TIMEOUT_MS'
>;

/**
 * The SDK, pointed at Stripe or at another host that speaks like it.
 * @param retriesMax how often the SDK itself repeats a call, with the same key
 */
export function createStripe(settings: StripeSettings, retriesMax = 2): Stripe {
  return new Stripe(settings.STRIPE_SECRET_KEY, {
    apiVersion: API_VERSION,
    timeout: settings.PAYMENTS_STRIPE_TIMEOUT_MS,
    maxNetworkRetries: retriesMax,
    telemetry: false,
    appInfo: { name: 'zoco-payments' },
    ...hostOf(settings.STRIPE_API_URL),
  });
}

function hostOf(apiUrl: string | undefined) {
  if (apiUrl === undefined) return {};
  const { protocol, hostname, port } = new URL(apiUrl);
  const isPlain = protocol === 'http:';
  return {
    host: hostname,
    port: port === '' ? (isPlain ? 80 : 443) : Number(port),
    protocol: isPlain ? ('http' as const) : ('https' as const),
  };
}
