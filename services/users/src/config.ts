import { baseEnv, databaseEnv, type MigrationConfig, migrationEnv, readConfig } from '@zoco/service';
import { z } from 'zod';

/** 32 bytes in base64url: AES-256. */
const encryptionKey = z
  .string()
  .regex(/^[\w-]{43}=?$/)
  .transform((text) => Buffer.from(text, 'base64url'));

const signingKeysEnv = {
  /** What the private signing keys are encrypted with where they are stored. */
  USERS_KEY_ENCRYPTION_KEY: encryptionKey,
  /** Age at which the key that signs access tokens is replaced. */
  USERS_KEY_ROTATION_HOURS: z.coerce.number().int().min(1).max(8760).default(720),
};

// OWASP's floor for argon2id; a larger cost takes effect at each user's next sign-in.
const passwordEnv = {
  USERS_ARGON2_MEMORY_KIB: z.coerce.number().int().min(19_456).max(1_048_576).default(19_456),
  USERS_ARGON2_PASSES: z.coerce.number().int().min(2).max(10).default(2),
};

const Env = z.object({
  ...baseEnv,
  ...databaseEnv,
  ...signingKeysEnv,
  ...passwordEnv,
  /** How long a session lasts at most, however often it is refreshed. */
  USERS_SESSION_DAYS: z.coerce.number().int().min(1).max(365).default(90),
  /** How long it may lie unused. */
  USERS_REFRESH_TOKEN_DAYS: z.coerce.number().int().min(1).max(365).default(30),
  ZOCO_FAILPOINT: z.string().optional(),
});

export type Config = z.infer<typeof Env>;

export const loadConfig = (env: NodeJS.ProcessEnv = process.env): Config => readConfig(Env, env);

export const loadMigrateConfig = (env: NodeJS.ProcessEnv = process.env): MigrationConfig =>
  readConfig(z.object(migrationEnv), env);

const PlatformAdminEnv = z.object({
  DATABASE_URL: z.url(),
  ...passwordEnv,
  PLATFORM_ADMIN_EMAIL: z.string().min(1),
  PLATFORM_ADMIN_PASSWORD: z.string().min(1),
});

export const loadPlatformAdminConfig = (env: NodeJS.ProcessEnv = process.env) =>
  readConfig(PlatformAdminEnv, env);

const RotateKeysEnv = z.object({
  DATABASE_URL: z.url(),
  DATABASE_WORKER_URL: z.url(),
  ...signingKeysEnv,
});

export const loadRotateKeysConfig = (env: NodeJS.ProcessEnv = process.env) => readConfig(RotateKeysEnv, env);
