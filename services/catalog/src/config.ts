import { baseEnv, databaseEnv, type MigrationConfig, migrationEnv, readConfig } from '@zoco/service';
import { z } from 'zod';

const Env = z.object({
  ...baseEnv,
  ...databaseEnv,
  ORDERS_URL: z.url(),
  /** Largest import in one request; it is streamed, so memory does not grow with it. */
  CATALOG_IMPORT_BYTES_MAX: z.coerce
    .number()
    .int()
    .positive()
    .default(64 * 1024 * 1024),
  ZOCO_FAILPOINT: z.string().optional(),
});

export type Config = z.infer<typeof Env>;

export const loadConfig = (env: NodeJS.ProcessEnv = process.env): Config => readConfig(Env, env);

export const loadMigrateConfig = (env: NodeJS.ProcessEnv = process.env): MigrationConfig =>
  readConfig(z.object(migrationEnv), env);
