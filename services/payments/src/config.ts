import { baseEnv, databaseEnv, type MigrationConfig, migrationEnv, readConfig } from '@zoco/service';
import { z } from 'zod';

const count = () => z.coerce.number().int().positive();
const webhookSecret = () => z.string().startsWith('whsec_');

const Env = z
  .object({
    ...baseEnv,
    ...databaseEnv,
    /** Secret or restricted key; its prefix tells test from live mode. */
    STRIPE_SECRET_KEY: z.string().regex(/^(sk|rk)_(test|live)_\w+$/),
    /** Another host than Stripe's own: the sandbox. Never together with a live key. */
    STRIPE_API_URL: z.url().optional(),
    STRIPE_WEBHOOK_SECRET: webhookSecret(),
    /** The secret before the last change; both are accepted while Stripe still signs with it. */
    STRIPE_WEBHOOK_SECRET_PREVIOUS: webhookSecret().optional(),
    /** Tells installations apart that share one Stripe account; part of every idempotency key. */
    PAYMENTS_ENVIRONMENT: z
      .string()
      .regex(/^[a-z0-9-]{1,30}$/)
      .default('default'),
    /** Where a buyer comes back to after 3-D Secure. */
    PAYMENTS_RETURN_URL: z.url().default('http://localhost:8080/'),
    PAYMENTS_STRIPE_TIMEOUT_MS: count().default(10_000),
    /** Calls to Stripe at once, of background work. */
    PAYMENTS_STRIPE_CONCURRENCY: count().max(200).default(16),
    /** How long a replica works on a payment alone; after that another one may. */
    PAYMENTS_LEASE_SECONDS: count().max(300).default(5),
    /** First look after an unknown outcome; every further one waits twice as long, up to the maximum. */
    PAYMENTS_RECONCILE_FIRST_SECONDS: z.coerce.number().positive().default(30),
    PAYMENTS_RECONCILE_MAX_SECONDS: z.coerce.number().positive().default(600),
    /** How often due work is looked for; most of it starts at once, without waiting for this. */
    PAYMENTS_POLL_MS: count().default(500),
    /** How long a request waits for Stripe before it answers 202. */
    PAYMENTS_REQUEST_WAIT_MS: count().default(8000),
    /** How often Stripe is asked for events that did not arrive. */
    PAYMENTS_EVENT_GAP_MINUTES: count().default(15),
    /** How often the fees of charges are taken into the ledger. */
    PAYMENTS_FEES_MINUTES: count().default(60),
    /** Name of the Lease by which replicas in a cluster agree who asks Stripe for lists; without it every one does. */
    PAYMENTS_LEADER_LEASE: z.string().min(1).optional(),
    ZOCO_FAILPOINT: z.string().optional(),
  })
  .refine((env) => env.STRIPE_API_URL === undefined || !env.STRIPE_SECRET_KEY.includes('_live_'), {
    path: ['STRIPE_API_URL'],
    message: 'a live key goes to Stripe alone',
  });

export type Config = z.infer<typeof Env>;

export const loadConfig = (env: NodeJS.ProcessEnv = process.env): Config => readConfig(Env, env);

export const loadMigrateConfig = (env: NodeJS.ProcessEnv = process.env): MigrationConfig =>
  readConfig(z.object(migrationEnv), env);
