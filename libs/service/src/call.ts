import { CALLS, type CallName, type ServiceName } from '@zoco/contracts';
import { Problem, PROBLEM_STATUS, type ProblemKind, retryDelayMs } from '@zoco/kernel';
import { type Attributes, type Span, SpanKind } from '@opentelemetry/api';
import { z } from 'zod';
import { type Answer, exchange } from './http-exchange.ts';
import { callDuration } from './metrics.ts';
import { problemSchema } from './problem-response.ts';
import type { ServiceIdentity } from './service-identity.ts';
import { currentTraceparent, failSpan, inDetailSpan } from './telemetry.ts';

/** Header of a service token; `Authorization` stays free for the token of the user on whose behalf the call is made. */
export const SERVICE_TOKEN_HEADER = 'x-zoco-service-token';
/** How long the caller still waits; a callee refuses work that could not be done in time. */
export const TIMEOUT_HEADER = 'x-zoco-timeout-ms';
export const REQUEST_ID_HEADER = 'x-request-id';

/** No answer, or none that tells: the call may or may not have had its effect. Repeat it with the same id, or ask. */
export class CallOutcomeUnknown extends Problem {
  constructor(callee: ServiceName, cause: unknown) {
    super('unavailable', 'service_unavailable', `The ${callee} service does not answer at the moment.`, {
      cause,
      retryAfterSeconds: 1,
    });
  }
}

export interface CallOptions {
  readonly params?: Readonly<Record<string, string>>;
  readonly query?: Readonly<Record<string, string>>;
  readonly body?: unknown;
  /** Tenant that the call is about. */
  readonly tenantId?: string;
  /** Access token of the user on whose behalf it is made. */
  readonly userToken?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Time for one try. Default 1000. */
  readonly timeoutMs?: number;
  /** Further tries after an unknown outcome; only for calls that are safe to repeat, which all internal calls are. Default 2. */
  readonly retries?: number;
}

/**
 * Makes one call of the call graph and parses the answer.
 * @throws Problem the callee's own, when it refused (4xx)
 * @throws CallOutcomeUnknown after timeouts, network failures and 5xx
 */
export type CallService = <T extends z.ZodType>(
  name: CallName,
  answer: T,
  options?: CallOptions,
) => Promise<z.output<T>>;

export function createCaller(
  identity: ServiceIdentity,
  urls: Partial<Record<ServiceName, string>>,
): CallService {
  return async (name, answer, options = {}) => {
    const { callee, method, path } = CALLS[name];
    const base = urls[callee];
    if (base === undefined) throw new Error(`no URL is configured for ${callee}`);
    const url = new URL(fill(path, options.params ?? {}), base);
    for (const [key, value] of Object.entries(options.query ?? {})) url.searchParams.set(key, value);
    const retries = options.retries ?? 2;
    for (let attempt = 0; ; attempt += 1) {
      try {
        return await inDetailSpan(
          `${method} ${path}`,
          () => ({ kind: SpanKind.CLIENT, attributes: attributesOf(name, url, attempt) }),
          async (span) => answer.parse(await once(identity, name, url, options, span)),
        );
      } catch (error) {
        if (!(error instanceof CallOutcomeUnknown) || attempt >= retries) throw error;
        await new Promise((resolve) => setTimeout(resolve, retryDelayMs(attempt, 50, 500, Math.random())));
      }
    }
  };
}

/** @see https://opentelemetry.io/docs/specs/semconv/http/http-spans/#http-client-span */
function attributesOf(name: CallName, url: URL, attempt: number): Attributes {
  const { method, path } = CALLS[name];
  return {
    'http.request.method': method,
    'server.address': url.hostname,
    'server.port': Number(url.port || (url.protocol === 'https:' ? 443 : 80)),
    'url.full': `${url.origin}${url.pathname}`,
    'url.template': path,
    ...(attempt > 0 ? { 'http.request.resend_count': attempt } : {}),
  };
}

async function once(
  identity: ServiceIdentity,
  name: CallName,
  url: URL,
  options: CallOptions,
  span: Span | undefined,
): Promise<unknown> {
  const { callee, method } = CALLS[name];
  const timeoutMs = options.timeoutMs ?? 1000;
  const stop = callDuration.startTimer({ callee, call: name });
  const traceparent = currentTraceparent();
  const headers = {
    ...options.headers,
    [TIMEOUT_HEADER]: String(timeoutMs),
    ...(traceparent === undefined ? {} : { traceparent }),
    ...(options.userToken === undefined ? {} : { authorization: `Bearer ${options.userToken}` }),
    ...(options.tenantId === undefined ? {} : { 'x-tenant': options.tenantId }),
    ...(options.body === undefined ? {} : { 'content-type': 'application/json' }),
  };
  const body = options.body === undefined ? undefined : JSON.stringify(options.body);
  let status = 0;
  try {
    const answer = await exchange(url, {
      method,
      headers: { ...headers, [SERVICE_TOKEN_HEADER]: await identity.tokenFor(callee) },
      body,
      timeoutMs,
    });
    ({ status } = answer);
    if (status >= 200 && status < 300) return answer.text === '' ? undefined : JSON.parse(answer.text);
    throw refusal(callee, answer);
  } catch (error) {
    if (span !== undefined) failSpan(span, error, status === 0 ? undefined : String(status));
    throw error instanceof Problem ? error : new CallOutcomeUnknown(callee, error);
  } finally {
    stop({ status });
    span?.setAttribute('http.response.status_code', status);
  }
}

const problemDocument = z.looseObject({
  code: z.string(),
  detail: z.string(),
  errors: z.array(z.object({ field: z.string(), code: z.string(), detail: z.string() })).optional(),
});
/** A time of day, which a proxy may send, tells nothing here. */
const seconds = z.coerce.number().nonnegative().optional().catch(undefined);

function refusal(callee: ServiceName, { status, text, retryAfter, location }: Answer): Problem {
  const kind = kindOf(status);
  if (kind === undefined || status >= 500 || status === 408 || status === 429) {
    return new CallOutcomeUnknown(callee, new Error(`${callee} answered ${status}`));
  }
  try {
    const document = problemDocument.parse(JSON.parse(text));
    const extensions = Object.entries(document).filter(([name]) => !(name in problemSchema.shape));
    const retryAfterSeconds = seconds.parse(retryAfter);
    return new Problem(kind, document.code, document.detail, {
      extensions: Object.fromEntries(extensions),
      ...(document.errors === undefined ? {} : { errors: document.errors }),
      ...(retryAfterSeconds === undefined ? {} : { retryAfterSeconds }),
      ...(location === undefined ? {} : { location }),
    });
  } catch (cause) {
    return new CallOutcomeUnknown(callee, cause);
  }
}

function kindOf(status: number): ProblemKind | undefined {
  return Object.keys(PROBLEM_STATUS)
    .filter(isProblemKind)
    .find((kind) => PROBLEM_STATUS[kind] === status);
}

function isProblemKind(name: string): name is ProblemKind {
  return Object.hasOwn(PROBLEM_STATUS, name);
}

function fill(path: string, params: Readonly<Record<string, string>>): string {
  return path.replaceAll(/\{(\w+)\}/g, (_match, key: string) => {
    const value = params[key];
    if (value === undefined) throw new Error(`the path ${path} needs ${key}`);
    return encodeURIComponent(value);
  });
}
