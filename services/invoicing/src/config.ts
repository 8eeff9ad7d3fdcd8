import { baseEnv, databaseEnv, type MigrationConfig, migrationEnv, readConfig } from '@zoco/service';
import { z } from 'zod';

const Env = z.object({ ...baseEnv, ...databaseEnv, ZOCO_FAILPOINT: z.string().optional() });

export type Config = z.infer<typeof Env>;

export const loadConfig = (env: NodeJS.ProcessEnv = process.env): Config => readConfig(Env, env);

export const loadMigrateConfig = (env: NodeJS.ProcessEnv = process.env): MigrationConfig =>
  readConfig(z.object(migrationEnv), env);
