import { z } from 'zod';

const positive = z.coerce.number().int().positive();

/** Types that an endpoint subscribes to at Stripe; everything else happens without a webhook, as it would there. */
const DEFAULT_EVENTS = [
  'payment_intent.succeeded',
  'payment_intent.payment_failed',
  'payment_intent.canceled',
  'payment_intent.requires_action',
  'payment_intent.processing',
  'refund.created',
  'refund.updated',
  'refund.failed',
].join(',');

const Env = z.object({
  HOST: z.string().default('127.0.0.1'),
  PORT: z.coerce.number().int().min(0).max(65_535).default(8090),
  /** Where cardholders' browsers find it, for the pages it links to; without it the address it listens on. */
  STRIPE_SANDBOX_PUBLIC_URL: z.url().optional(),
  STRIPE_SANDBOX_SECRET_KEY: z.string().startsWith('sk_test_'),
  STRIPE_SANDBOX_WEBHOOK_URL: z.url().optional(),
  STRIPE_SANDBOX_WEBHOOK_SECRET: z.string().startsWith('whsec_'),
  /** `*` for every type. */
  STRIPE_SANDBOX_WEBHOOK_EVENTS: z.string().default(DEFAULT_EVENTS),
  /** Time from an event to its first delivery; at Stripe it is some tenths of a second. */
  STRIPE_SANDBOX_WEBHOOK_DELAY_MS: z.coerce.number().int().nonnegative().default(200),
  /** Append-only file that lets a restart go on where it stopped; without it everything is in memory. */
  STRIPE_SANDBOX_JOURNAL: z.string().min(1).optional(),
  STRIPE_SANDBOX_KEY_TTL_SECONDS: positive.default(86_400),
});

export interface SandboxOptions {
  readonly host: string;
  /** 0 takes a free port. */
  readonly port: number;
  /** Begins the links to its pages; default `http://<host>:<port>`. */
  readonly publicUrl?: string | undefined;
  readonly secretKey: string;
  readonly webhookUrl?: string | undefined;
  readonly webhookSecret: string;
  /** Event types that are delivered; `*` delivers all. */
  readonly webhookEvents: ReadonlySet<string>;
  readonly webhookDelayMs: number;
  /** Delays before each further delivery of an event that was not answered with 2xx; default Stripe's scale of minutes to days. */
  readonly webhookRetryDelaysMs?: readonly number[];
  readonly journalFile?: string | undefined;
  readonly keyTtlSeconds: number;
}

/**
 * Reads the environment.
 * @throws Error that names every variable at fault, without its value
 */
export function loadConfig(env: NodeJS.ProcessEnv): SandboxOptions {
  const present = Object.fromEntries(Object.entries(env).filter(([, value]) => value !== ''));
  const result = Env.safeParse(present);
  if (!result.success) {
    const faults = result.error.issues.map(({ path, code }) => `  ${path.join('.')} (${code})`);
    throw new Error(`The environment is not right:\n${faults.join('\n')}`);
  }
  return {
    host: result.data.HOST,
    port: result.data.PORT,
    publicUrl: result.data.STRIPE_SANDBOX_PUBLIC_URL,
    secretKey: result.data.STRIPE_SANDBOX_SECRET_KEY,
    webhookUrl: result.data.STRIPE_SANDBOX_WEBHOOK_URL,
    webhookSecret: result.data.STRIPE_SANDBOX_WEBHOOK_SECRET,
    webhookEvents: eventSet(result.data.STRIPE_SANDBOX_WEBHOOK_EVENTS),
    webhookDelayMs: result.data.STRIPE_SANDBOX_WEBHOOK_DELAY_MS,
    journalFile: result.data.STRIPE_SANDBOX_JOURNAL,
    keyTtlSeconds: result.data.STRIPE_SANDBOX_KEY_TTL_SECONDS,
  };
}

/** The options of a sandbox for tests: free port, immediate webhooks, nothing on disk. */
export function testOptions(overrides: Partial<SandboxOptions> = {}): SandboxOptions {
  return {
    host: '127.0.0.1',
    port: 0,
    secretKey: 'sk_test_sandbox',
    webhookSecret: 'whsec_sandbox',
    webhookEvents: eventSet(DEFAULT_EVENTS),
    webhookDelayMs: 0,
    keyTtlSeconds: 86_400,
    ...overrides,
  };
}

const eventSet = (list: string): ReadonlySet<string> =>
  new Set(
    list
      .split(',')
      .map((type) => type.trim())
      .filter((type) => type !== ''),
  );
