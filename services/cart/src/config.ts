import { baseEnv, databaseEnv, type MigrationConfig, migrationEnv, readConfig } from '@zoco/service';
import { z } from 'zod';

const Env = z.object({
  ...baseEnv,
  ...databaseEnv,
  CATALOG_URL: z.url(),
  ORDERS_URL: z.url(),
  /** Signs the tokens of anonymous carts; changing it makes the carts that are out unreachable. */
  CART_TOKEN_KEY: z.string().min(32),
  /** How long a checkout whose outcome is unknown keeps other checkouts of its cart out: longer than orders takes to decide. */
  CART_CHECKOUT_HOLD_SECONDS: z.coerce.number().int().min(10).default(90),
  /** Anonymous and closed carts that nobody touched for so long are deleted. */
  CART_RETENTION_DAYS: z.coerce.number().int().min(1).default(30),
  ZOCO_FAILPOINT: z.string().optional(),
});

export type Config = z.infer<typeof Env>;

export const loadConfig = (env: NodeJS.ProcessEnv = process.env): Config => readConfig(Env, env);

export const loadMigrateConfig = (env: NodeJS.ProcessEnv = process.env): MigrationConfig =>
  readConfig(z.object(migrationEnv), env);
