import { RESERVATION_LINES_MAX } from '@zoco/contracts';
import { baseEnv, databaseEnv, type MigrationConfig, migrationEnv, readConfig } from '@zoco/service';
import { z } from 'zod';

const count = () => z.coerce.number().int().positive();

const Env = z.object({
  ...baseEnv,
  ...databaseEnv,
  CATALOG_URL: z.url(),
  PAYMENTS_URL: z.url(),
  /** Most orders of one buyer that are neither paid nor over: nobody may hold the whole stock. */
  ORDERS_OPEN_MAX: count().default(20),
  /** Most different products in one order. */
  ORDERS_LINES_MAX: count().max(RESERVATION_LINES_MAX).default(RESERVATION_LINES_MAX),
  /** Most units of one product in one order. */
  ORDERS_QUANTITY_MAX: count().max(1_000_000).default(100_000),
  /** How long an order waits for a bank transfer. Card payments have the tenant's reservation time. */
  ORDERS_TRANSFER_DAYS: count().max(90).default(7),
  /** How long a request may work on an order alone; after that a retry or the sweeper takes over. */
  ORDERS_LEASE_SECONDS: count().max(300).default(5),
  /** How long the catalog may leave open whether stock is reserved, before the order is rejected. */
  ORDERS_PENDING_SECONDS: count().max(3600).default(60),
  /** How often the sweeper looks for orders that are due. */
  ORDERS_SWEEP_INTERVAL_MS: count().default(2000),
  /** Most live streams (server-sent events) of one replica. */
  ORDERS_STREAMS_MAX: count().default(500),
  ZOCO_FAILPOINT: z.string().optional(),
});

export type Config = z.infer<typeof Env>;

export const loadConfig = (env = process.env): Config => readConfig(Env, env);

export const loadMigrateConfig = (env: NodeJS.ProcessEnv = process.env): MigrationConfig =>
  readConfig(z.object(migrationEnv), env);
