import { baseEnv, databaseEnv, readConfig } from '@zoco/service';
import { z } from 'zod';

const Env = z.object({ ...baseEnv, ...databaseEnv, ZOCO_FAILPOINT: z.string().optional() });

export type Config = z.infer<typeof Env>;

export const loadConfig = (env: NodeJS.ProcessEnv = process.env): Config => readConfig(Env, env);

const MigrationEnv = z.object({
  /** Connection of the role that owns the database. */
  DATABASE_URL: z.url(),
});

export const loadMigrationConfig = (env: NodeJS.ProcessEnv = process.env) => readConfig(MigrationEnv, env);
