import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';
import { SetupError } from './setup-error.ts';

export interface ApiRequest {
  readonly token?: string;
  readonly tenant?: string;
  readonly body?: unknown;
}

/** An answer of the public API. */
export interface ApiAnswer {
  readonly status: number;
  readonly body: unknown;
  /** The `code` of a problem document; empty for anything else. */
  readonly code: string;
}

export type Api = (method: string, path: string, request?: ApiRequest) => Promise<ApiAnswer>;

const TRIES_MAX = 20;
const Problem = z.object({ code: z.string() });

/**
 * A client of the public API behind the gateway. It tries again while services are still getting to know each other
 * (503, or a tenant that was just made).
 * @throws SetupError when the gateway cannot be reached
 */
export function createApi(gatewayUrl: string): Api {
  return async (method, path, request = {}) => {
    for (let tries = 1; ; tries++) {
      const answer = await send(gatewayUrl, method, path, request);
      const mayPass = answer.status === 502 || answer.status === 503 || answer.code === 'tenant_not_found';
      if (!mayPass || tries === TRIES_MAX) return answer;
      await delay(50 * tries);
    }
  };
}

/**
 * The body of an answer that has to be a success.
 * @throws SetupError with what the API said otherwise
 */
export function expectOk<T>(answer: ApiAnswer, what: string, schema: z.ZodType<T>): T {
  if (answer.status >= 400) {
    throw new SetupError(
      `The demo data could not be created: ${what} answered ${answer.status} ${JSON.stringify(answer.body)}`,
    );
  }
  return schema.parse(answer.body);
}

async function send(
  gatewayUrl: string,
  method: string,
  path: string,
  request: ApiRequest,
): Promise<ApiAnswer> {
  const answer = await fetch(`${gatewayUrl}/api/v1${path}`, {
    method,
    headers: {
      ...(request.token === undefined ? {} : { authorization: `Bearer ${request.token}` }),
      ...(request.tenant === undefined ? {} : { 'x-tenant': request.tenant }),
      ...(request.body === undefined ? {} : { 'content-type': 'application/json' }),
    },
    ...(request.body === undefined ? {} : { body: JSON.stringify(request.body) }),
    signal: AbortSignal.timeout(15_000),
  });
  const text = await answer.text();
  const body: unknown = answer.headers.get('content-type')?.includes('json') ? JSON.parse(text) : text;
  return { status: answer.status, body, code: Problem.safeParse(body).data?.code ?? '' };
}
