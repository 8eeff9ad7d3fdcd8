import { z } from 'zod';

/** Start-up failed because of the environment; the message lists every fault and never a value. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
}

/** Settings that mean the same in every service. */
export const baseEnv = {
  SERVICE_NAME: z.string().min(1),
  SERVICE_VERSION: z.string().default('0.1.0'),
  HOST: z.string().default('0.0.0.0'),
  PORT: z.coerce.number().int().min(0).max(65_535).default(8080),
  ADMIN_PORT: z.coerce.number().int().min(0).max(65_535).default(9090),
  LOG_LEVEL: z.enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal']).default('info'),
  NATS_URL: z.url(),
  USERS_URL: z.url(),
  SERVICE_IDENTITY_KEY_FILE: z.string().min(1),
  SERVICE_IDENTITY_JWKS_FILE: z.string().min(1),
  REQUESTS_IN_FLIGHT_MAX: z.coerce.number().int().positive().default(200),
  SHUTDOWN_DELAY_MS: z.coerce.number().int().nonnegative().default(0),
  SHUTDOWN_TIMEOUT_MS: z.coerce.number().int().positive().default(15_000),
  OTEL_EXPORTER_OTLP_ENDPOINT: z.url().optional(),
  OTEL_TRACES_SAMPLER_ARG: z.coerce.number().min(0).max(1).default(1),
} as const;

/** Settings of a service that owns a database. */
export const databaseEnv = {
  DATABASE_URL: z.url(),
  DATABASE_WORKER_URL: z.url(),
  DATABASE_POOL_MAX: z.coerce.number().int().positive().default(10),
} as const;

/**
 * Reads the environment by a schema. Empty variables count as absent.
 * @throws ConfigError that names every variable at fault, without its value
 */
export function readConfig<T extends z.ZodType>(schema: T, env: NodeJS.ProcessEnv): z.output<T> {
  const present = Object.fromEntries(
    Object.entries(env).filter(([, value]) => value !== undefined && value !== ''),
  );
  const result = schema.safeParse(present);
  if (result.success) return result.data;
  // Only path and code: messages of refinements may quote what they were given.
  const faults = result.error.issues.map((issue) => {
    const name = issue.path.join('.');
    if (name === '') return `  ${namesOf(schema).join(', ')}: do not fit together (${issue.code})`;
    return `  ${name}: ${present[name] === undefined ? 'is missing' : `is not valid (${issue.code})`}`;
  });
  throw new ConfigError(`The environment is not right:\n${faults.join('\n')}`);
}

function namesOf(schema: z.ZodType): string[] {
  return schema instanceof z.ZodObject ? Object.keys(schema.shape) : ['some variables'];
}
