import { parseArgs, type ParseArgsConfig } from 'node:util';
import { isServiceName, type ServiceName } from '@zoco/contracts';
import { isTenantId, type TenantId } from '@zoco/kernel';
import { UsageFailure } from './failure.ts';

export const PRODUCT_FORMATS = ['goodbooks', 'csv', 'ndjson'] as const;
export type ProductFormat = (typeof PRODUCT_FORMATS)[number];

/** Who asks, and where. What is undefined comes from the environment or from the system on this machine. */
export interface Connection {
  readonly tenant: TenantId;
  readonly url: string | undefined;
  readonly email: string | undefined;
  readonly password: string | undefined;
  readonly apiKey: string | undefined;
}

export type Command =
  | { readonly name: 'help' }
  | ({ readonly name: 'import products' } & ImportProducts)
  | ({ readonly name: 'import orders' } & ImportOrders)
  | { readonly name: 'replay'; readonly sinceMs: number | Date; readonly service: ServiceName | undefined }
  | { readonly name: 'redrive'; readonly service: ServiceName | undefined }
  | ({ readonly name: 'smoke' } & Smoke)
  | { readonly name: 'doctor'; readonly url: string | undefined; readonly json: boolean };

export interface ImportProducts extends Connection {
  readonly file: string;
  readonly format: ProductFormat | undefined;
  readonly strict: boolean;
  readonly report: string | undefined;
}

export interface ImportOrders extends Connection {
  readonly file: string;
  readonly concurrency: number;
  readonly limit: number | undefined;
  readonly strict: boolean;
  readonly report: string | undefined;
}

export interface Smoke extends Omit<Connection, 'tenant'> {
  /** Undefined makes one for the test. */
  readonly tenant: TenantId | undefined;
  readonly timeoutSeconds: number;
}

const CONCURRENCY_DEFAULT = 8;
const CONCURRENCY_MAX = 64;
const SMOKE_SECONDS_DEFAULT = 120;
const SMOKE_SECONDS_MAX = 3600;
const DAY_MS = 24 * 3600 * 1000;
const SINCE_DEFAULT_MS = 14 * DAY_MS;
const UNIT_MS: Readonly<Record<string, number>> = { m: 60_000, h: 3600_000, d: DAY_MS };

const text = { type: 'string' } as const;
const flag = { type: 'boolean', default: false } as const;
const connectionOptions = { tenant: text, url: text, email: text, password: text, 'api-key': text };

/**
 * Reads the words after `zoco`.
 * @throws UsageFailure with one sentence that says what is wrong
 */
export function parseCommand(args: readonly string[]): Command {
  const [verb = 'help', ...rest] = args;
  if (args.includes('--help') || args.includes('-h')) return { name: 'help' };
  switch (verb) {
    case 'help':
      return { name: 'help' };
    case 'import':
      return parseImport(rest);
    case 'replay': {
      const { values } = read('replay', rest, { since: text, service: text }, 0);
      return { name: 'replay', sinceMs: since(values.since), service: service(values.service) };
    }
    case 'redrive': {
      const { values } = read('redrive', rest, { service: text }, 0);
      return { name: 'redrive', service: service(values.service) };
    }
    case 'smoke':
      return parseSmoke(rest);
    case 'doctor': {
      const { values } = read('doctor', rest, { url: text, json: flag }, 0);
      return { name: 'doctor', url: url(values.url), json: values.json };
    }
    default:
      throw new UsageFailure(`There is no command '${verb}': \`zoco help\` lists them.`);
  }
}

function parseSmoke(args: readonly string[]): Command {
  const { values } = read('smoke', args, { ...connectionOptions, timeout: text }, 0);
  const timeoutSeconds = wholeNumber('timeout', values.timeout, SMOKE_SECONDS_MAX) ?? SMOKE_SECONDS_DEFAULT;
  // Without a tenant the test makes its own, and whoever signs in does so to the platform.
  const given = connection('smoke', { ...values, tenant: values.tenant ?? 'zoco' });
  if (values.tenant === undefined && given.apiKey !== undefined)
    throw new UsageFailure('`zoco smoke` takes --api-key together with --tenant.');
  const tenant = values.tenant === undefined ? undefined : given.tenant;
  return { name: 'smoke', ...given, tenant, timeoutSeconds };
}

function parseImport(args: readonly string[]): Command {
  const [kind, ...rest] = args;
  if (kind === 'products') {
    const options = { ...connectionOptions, format: text, strict: flag, report: text };
    const { values, file } = readFile('import products', rest, options);
    return {
      name: 'import products',
      file,
      ...connection('import products', values),
      format: format(values.format),
      strict: values.strict,
      report: values.report,
    };
  }
  if (kind === 'orders') {
    const options = { ...connectionOptions, concurrency: text, limit: text, strict: flag, report: text };
    const { values, file } = readFile('import orders', rest, options);
    return {
      name: 'import orders',
      file,
      ...connection('import orders', values),
      concurrency: wholeNumber('concurrency', values.concurrency, CONCURRENCY_MAX) ?? CONCURRENCY_DEFAULT,
      limit: wholeNumber('limit', values.limit, Number.MAX_SAFE_INTEGER),
      strict: values.strict,
      report: values.report,
    };
  }
  throw new UsageFailure('Say what to import: `zoco import products FILE` or `zoco import orders FILE`.');
}

type Options = NonNullable<ParseArgsConfig['options']>;

function read<const O extends Options>(command: string, args: readonly string[], options: O, files: 0 | 1) {
  try {
    const parsed = parseArgs({ args: [...args], options, allowPositionals: true, strict: true });
    const extra = parsed.positionals[files];
    if (extra !== undefined) throw new UsageFailure(`\`zoco ${command}\` does not take '${extra}'.`);
    return parsed;
  } catch (error) {
    if (error instanceof UsageFailure) throw error;
    const known = Object.keys(options).map((name) => `--${name}`);
    // Node explains at length; its first sentence says what is wrong.
    const [fault = ''] = error instanceof Error ? error.message.split(/\.(?:\s|$)/, 1) : ['Wrong option'];
    throw new UsageFailure(`${fault}: \`zoco ${command}\` takes ${known.join(', ')}.`);
  }
}

function readFile<const O extends Options>(command: string, args: readonly string[], options: O) {
  const parsed = read(command, args, options, 1);
  const [file] = parsed.positionals;
  if (file === undefined) throw new UsageFailure(`\`zoco ${command}\` needs a file.`);
  return { values: parsed.values, file };
}

interface ConnectionValues {
  tenant?: string | undefined;
  url?: string | undefined;
  email?: string | undefined;
  password?: string | undefined;
  'api-key'?: string | undefined;
}

function connection(command: string, values: ConnectionValues): Connection {
  const { tenant } = values;
  if (tenant === undefined)
    throw new UsageFailure(`\`zoco ${command}\` needs --tenant, such as libros or acme.`);
  if (!isTenantId(tenant))
    throw new UsageFailure(`'${tenant}' cannot be a tenant: it is a slug such as libros.`);
  if ((values.email === undefined) !== (values.password === undefined)) {
    throw new UsageFailure('--email and --password go together.');
  }
  if (values.email !== undefined && values['api-key'] !== undefined) {
    throw new UsageFailure('Give either --email and --password or --api-key.');
  }
  return {
    tenant,
    url: url(values.url),
    email: values.email,
    password: values.password,
    apiKey: values['api-key'],
  };
}

function url(value: string | undefined): string | undefined {
  if (value === undefined) return undefined;
  const parsed = URL.parse(value);
  if (parsed === null || !/^https?:$/.test(parsed.protocol)) {
    throw new UsageFailure(`--url is '${value}': write it like http://127.0.0.1:8080.`);
  }
  return parsed.origin;
}

function format(value: string | undefined): ProductFormat | undefined {
  if (value === undefined) return undefined;
  const known = PRODUCT_FORMATS.find((name) => name === value);
  if (known === undefined) throw new UsageFailure(`--format is one of ${PRODUCT_FORMATS.join(', ')}.`);
  return known;
}

function wholeNumber(name: string, value: string | undefined, max: number): number | undefined {
  if (value === undefined) return undefined;
  const parsed = Number(value);
  if (!/^\d+$/.test(value) || parsed < 1 || parsed > max) {
    throw new UsageFailure(`--${name} is a whole number from 1 to ${max}.`);
  }
  return parsed;
}

function service(value: string | undefined): ServiceName | undefined {
  if (value === undefined || isServiceName(value)) return value;
  throw new UsageFailure(`There is no service '${value}'.`);
}

/** An age (`14d`, `3h`, `30m`) in milliseconds, or the moment itself. */
function since(value: string | undefined): number | Date {
  if (value === undefined) return SINCE_DEFAULT_MS;
  const [, amount, unit = ''] = /^(\d{1,6})([mhd])$/.exec(value) ?? [];
  if (amount !== undefined) return Number(amount) * (UNIT_MS[unit] ?? DAY_MS);
  const date = new Date(value);
  if (/^\d{4}-\d{2}-\d{2}/.test(value) && !Number.isNaN(date.getTime())) return date;
  throw new UsageFailure(`--since is an age such as 14d, 3h or 30m, or a time such as 2026-11-22T10:00:00Z.`);
}
