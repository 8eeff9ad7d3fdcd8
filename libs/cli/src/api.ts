import { setTimeout as delay } from 'node:timers/promises';
import { retryDelayMs } from '@zoco/kernel';
import { z } from 'zod';
import { CliFailure, Interrupted, reasonOf } from './failure.ts';

/** How a request proves who makes it. */
export type Credentials =
  | { readonly kind: 'password'; readonly email: string; readonly password: string }
  | { readonly kind: 'api-key'; readonly key: string }
  /** Nobody signs in; the tenant is named in a header. */
  | { readonly kind: 'none' };

export interface ApiOptions {
  readonly url: string;
  readonly tenant: string;
  readonly credentials: Credentials;
  readonly signal: AbortSignal;
  /** Waits between tries; tests pass one that does not. */
  readonly wait?: (ms: number, signal: AbortSignal) => Promise<void>;
}

export interface ApiRequest {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** Below `/api/v1`. */
  readonly path: string;
  readonly json?: unknown;
  /** A body that is ready, with its media type. */
  readonly body?: { readonly type: string; readonly text: string };
  readonly idempotencyKey?: string;
}

/** An answer, whatever it says; `problem` is set when it is not a success. */
export interface ApiAnswer {
  readonly status: number;
  readonly body: unknown;
  readonly location: string | null;
  /** The answer was given before, to an earlier request with the same key. */
  readonly replayed: boolean;
  readonly problem: { readonly code: string; readonly detail: string } | undefined;
}

/** A client of the public API that signs in by itself and waits out what passes: limits, restarts, a busy service. */
export interface Api {
  /**
   * Sends one request; everything sent must be safe to repeat.
   * @throws CliFailure when the gateway does not answer, or refuses the login
   * @throws Interrupted when the signal aborts
   */
  send(request: ApiRequest): Promise<ApiAnswer>;
  /** Waits; at once over when the signal aborts. */
  pause(ms: number): Promise<void>;
  /** How often something was tried again. */
  readonly retries: number;
}

const TRIES_MAX = 12;
// A gateway that has never answered is most likely not there; one that has is restarting.
const FIRST_TRIES_MAX = 3;
const REQUEST_TIMEOUT_MS = 60_000;
const RETRY_AFTER_MS_MAX = 60_000;
const ASK_AGAIN_MS = 500;
const ASK_AGAIN_MS_TOTAL = 30_000;
const PASSING = new Set([429, 502, 503, 504]);
const IN_FLIGHT = 'idempotency_key_in_flight';

const problemDocument = z.object({ code: z.string(), detail: z.string() });
const session = z.object({ access_token: z.string() });

const waitFor = (ms: number, signal: AbortSignal) => delay(ms, undefined, { signal });

export function createApi(options: ApiOptions): Api {
  const { credentials, signal, wait = waitFor } = options;
  let token: Promise<string> | undefined;
  let retries = 0;
  let answered = false;
  const pause = (ms: number) => wait(ms, signal).catch(() => {});

  async function patiently(request: () => Promise<Response>): Promise<ApiAnswer> {
    for (let attempt = 0; ; attempt += 1) {
      let retryAfterMs = 0;
      try {
        signal.throwIfAborted();
        const response = await request();
        answered = true;
        const answer = await read(response);
        if (!mayPass(answer) || attempt === TRIES_MAX - 1) return answer;
        retryAfterMs = retryAfter(response);
      } catch (error) {
        if (signal.aborted) throw new Interrupted('Interrupted.');
        if (error instanceof CliFailure) throw error;
        if (attempt >= (answered ? TRIES_MAX : FIRST_TRIES_MAX) - 1) throw unreachable(options.url, error);
      }
      retries += 1;
      await pause(retryAfterMs + 50 + retryDelayMs(attempt, 200, 5000, Math.random()));
    }
  }

  async function signIn(): Promise<string> {
    if (credentials.kind === 'none') return '';
    if (credentials.kind === 'api-key') return credentials.key;
    const { email, password } = credentials;
    const answer = await patiently(() =>
      post(options, '/users/login', { email, password }, { 'x-tenant': options.tenant }),
    );
    if (answer.status === 200) return session.parse(answer.body).access_token;
    throw new CliFailure(
      `${email} could not sign in to ${options.tenant} at ${options.url} (${describe(answer)}): give --email and --password, or --api-key.`,
    );
  }

  async function send(request: ApiRequest): Promise<ApiAnswer> {
    token ??= signIn();
    const used = token;
    const bearer = await used;
    const answer = await patiently(() => dispatch(options, request, bearer));
    if (answer.status !== 401 || credentials.kind !== 'password') return answer;
    // Access tokens live 15 minutes and imports may take longer. Of many requests only the first signs in again.
    if (token === used) token = signIn();
    const renewed = await token;
    return patiently(() => dispatch(options, request, renewed));
  }

  return {
    send,
    pause,
    get retries() {
      return retries;
    },
  };
}

/**
 * Sends a request again and again, for half a minute at most, until its answer is what is waited for: one service hears a little later
 * of what another one has done.
 * @returns the last answer: it is that, or a problem, or came too late
 */
export async function sendUntil(
  api: Api,
  request: ApiRequest,
  isIt: (answer: ApiAnswer) => boolean,
): Promise<ApiAnswer> {
  for (let waitedMs = 0; ; waitedMs += ASK_AGAIN_MS) {
    const answer = await api.send(request);
    if (answer.problem !== undefined || isIt(answer) || waitedMs >= ASK_AGAIN_MS_TOTAL) return answer;
    await api.pause(ASK_AGAIN_MS);
  }
}

/** What an answer says, for people: `409 order_out_of_stock: There is not enough of …`. */
export function describe({ status, problem }: ApiAnswer): string {
  return problem === undefined ? String(status) : `${status} ${problem.code}: ${problem.detail}`;
}

function dispatch(options: ApiOptions, request: ApiRequest, bearer: string): Promise<Response> {
  const body = request.body ?? (request.json === undefined ? undefined : jsonBody(request.json));
  return fetch(`${options.url}/api/v1${request.path}`, {
    method: request.method,
    headers: {
      ...(bearer === '' ? { 'x-tenant': options.tenant } : { authorization: `Bearer ${bearer}` }),
      ...(body === undefined ? {} : { 'content-type': body.type }),
      ...(request.idempotencyKey === undefined ? {} : { 'idempotency-key': request.idempotencyKey }),
    },
    ...(body === undefined ? {} : { body: body.text }),
    signal: AbortSignal.any([options.signal, AbortSignal.timeout(REQUEST_TIMEOUT_MS)]),
  });
}

function post(
  { url, signal }: ApiOptions,
  path: string,
  json: unknown,
  headers: Record<string, string>,
): Promise<Response> {
  const { type, text } = jsonBody(json);
  return fetch(`${url}/api/v1${path}`, {
    method: 'POST',
    headers: { 'content-type': type, ...headers },
    body: text,
    signal: AbortSignal.any([signal, AbortSignal.timeout(REQUEST_TIMEOUT_MS)]),
  });
}

const jsonBody = (value: unknown) => ({ type: 'application/json', text: JSON.stringify(value) });

async function read(response: Response): Promise<ApiAnswer> {
  const text = await response.text();
  const body = parseJson(text);
  const problem = response.ok ? undefined : problemDocument.safeParse(body).data;
  const fallback = response.ok ? undefined : { code: 'no_problem_document', detail: text.slice(0, 200) };
  return {
    status: response.status,
    body,
    location: response.headers.get('location'),
    replayed: response.headers.get('idempotency-replayed') === 'true',
    problem: problem ?? fallback,
  };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

/** Limits, restarts, and a twin of this very request that is still under way. */
function mayPass({ status, problem }: ApiAnswer): boolean {
  return PASSING.has(status) || (status === 409 && problem?.code === IN_FLIGHT);
}

function retryAfter(response: Response): number {
  const seconds = Number(response.headers.get('retry-after') ?? 0);
  return Number.isFinite(seconds) && seconds > 0 ? Math.min(seconds * 1000, RETRY_AFTER_MS_MAX) : 0;
}

function unreachable(url: string, error: unknown): CliFailure {
  return new CliFailure(
    `The gateway at ${url} does not answer (${reasonOf(error)}): start Zoco with \`npm start\`, or name another gateway with --url.`,
    { cause: error },
  );
}
