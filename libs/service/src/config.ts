import { z } from 'zod';
import { kubernetesEnv } from './kubernetes-api.ts';
import { identityEnv } from './open-identity.ts';

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
  ...identityEnv,
  ...kubernetesEnv,
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

/** Settings that only one value of another one needs: by that name, its default, and what each value needs. */
const CHOICES: Readonly<
  Record<string, { readonly usual: string; readonly needs: Readonly<Record<string, readonly string[]>> }>
> = {
  SERVICE_IDENTITY: {
    usual: 'keys',
    needs: {
      keys: ['SERVICE_IDENTITY_KEY_FILE', 'SERVICE_IDENTITY_JWKS_FILE'],
      kubernetes: ['SERVICE_IDENTITY_TOKEN_DIR', 'SERVICE_IDENTITY_SUBJECTS_PREFIX'],
    },
  },
};

/** Settings of the program that makes a service's database ready, and its streams where it may. */
export const migrationEnv = {
  SERVICE_VERSION: baseEnv.SERVICE_VERSION,
  LOG_LEVEL: baseEnv.LOG_LEVEL,
  /** Role that owns the database and changes its schema. */
  DATABASE_OWNER_URL: z.url(),
  DATABASE_URL: z.url(),
  DATABASE_WORKER_URL: z.url(),
  /** Role that may create databases and roles; without it they must exist. */
  DATABASE_ADMIN_URL: z.url().optional(),
  /** NATS user that may create streams; without it they must exist. */
  NATS_ADMIN_URL: z.url().optional(),
  NATS_STREAM_REPLICAS: z.coerce.number().int().min(1).max(5).default(1),
  NATS_STREAM_BYTES_MAX: z.coerce
    .number()
    .int()
    .positive()
    .default(1024 ** 3),
} as const;

export type MigrationConfig = z.output<z.ZodObject<typeof migrationEnv>>;

/**
 * Reads the environment by a schema. Empty variables count as absent.
 * @throws ConfigError that names every variable at fault, without its value
 */
export function readConfig<T extends z.ZodType>(schema: T, env: NodeJS.ProcessEnv): z.output<T> {
  const present = Object.fromEntries(
    Object.entries(env).filter(([, value]) => value !== undefined && value !== ''),
  );
  const result = schema.safeParse(present);
  const halves = halfChosen(schema, present);
  if (result.success && halves.length === 0) return result.data;
  // Only path and code: messages of refinements may quote what they were given.
  const faults = (result.error?.issues ?? []).map((issue) => {
    const name = issue.path.join('.');
    if (name === '') return `${namesOf(schema).join(', ')}: do not fit together (${issue.code})`;
    return `${name}: ${present[name] === undefined ? 'is missing' : `is not valid (${issue.code})`}`;
  });
  const lines = [...faults, ...halves].map((fault) => `  ${fault}`);
  throw new ConfigError(`The environment is not right:\n${lines.join('\n')}`);
}

/** What a choice needs and does not have, and what belongs to another choice: both look like half a change. */
function halfChosen(schema: z.ZodType, present: Readonly<Record<string, string | undefined>>): string[] {
  const faults: string[] = [];
  for (const name of namesOf(schema)) {
    const choice = CHOICES[name];
    const value = present[name] ?? choice?.usual ?? '';
    const needed = choice?.needs[value];
    if (choice === undefined || needed === undefined) continue;
    for (const [other, names] of Object.entries(choice.needs)) {
      for (const setting of names) {
        const has = present[setting] !== undefined;
        if (other === value && !has) faults.push(`${setting}: is missing, ${name}=${value} needs it`);
        if (other !== value && has && !needed.includes(setting)) {
          faults.push(`${setting}: belongs to ${name}=${other}, not to ${name}=${value}`);
        }
      }
    }
  }
  return faults;
}

function namesOf(schema: z.ZodType): string[] {
  return schema instanceof z.ZodObject ? Object.keys(schema.shape) : ['some variables'];
}
