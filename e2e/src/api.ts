import { randomUUID } from 'node:crypto';
import { z } from 'zod';

/** Answer of one request: the body parsed when it is JSON. */
export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: unknown;
}

export interface RequestOptions {
  readonly token?: string | undefined;
  readonly tenant?: string | undefined;
  readonly body?: unknown;
  /** Sent as it is, instead of `body`. */
  readonly raw?: string | Uint8Array<ArrayBuffer>;
  readonly headers?: Readonly<Record<string, string>>;
  /** Adds a new Idempotency-Key. */
  readonly idempotent?: boolean;
}

/** The API as a client sees it. */
export interface Api {
  request(method: string, path: string, options?: RequestOptions): Promise<Answer>;
  /** Like `request`; throws unless the status is `expected`, and parses the body. */
  expect<T extends z.ZodType>(
    status: number,
    schema: T,
    method: string,
    path: string,
    options?: RequestOptions,
  ): Promise<z.output<T>>;
  /** Access token of a user. */
  login(tenant: string, email: string, password?: string): Promise<string>;
  /** Access token of a demo login: admin, staff or buyer. */
  demo(tenant: string, who: 'admin' | 'staff' | 'buyer'): Promise<string>;
  /** A new buyer of that tenant. */
  register(tenant: string, email?: string): Promise<{ token: string; userId: string; email: string }>;
}

export const DEMO_PASSWORD = 'demo-zoco-2026';

export const problem = z.object({
  type: z.string(),
  title: z.string(),
  status: z.number(),
  detail: z.string(),
  code: z.string(),
  instance: z.string(),
  trace_id: z.string(),
  errors: z.array(z.object({ field: z.string(), code: z.string(), detail: z.string() })).optional(),
});

const session = z.object({ access_token: z.string(), user: z.object({ id: z.string(), email: z.string() }) });

export function createApi(baseUrl: string): Api {
  const tokens = new Map<string, Promise<string>>();

  async function request(method: string, path: string, options: RequestOptions = {}): Promise<Answer> {
    const headers = new Headers(options.headers);
    if (options.token !== undefined) headers.set('authorization', `Bearer ${options.token}`);
    if (options.tenant !== undefined) headers.set('x-tenant', options.tenant);
    if (options.idempotent) headers.set('idempotency-key', randomUUID());
    if (options.body !== undefined && !headers.has('content-type'))
      headers.set('content-type', 'application/json');
    const body = options.raw ?? (options.body === undefined ? undefined : JSON.stringify(options.body));
    const response = await fetch(`${baseUrl}/api/v1${path}`, {
      method,
      headers,
      ...(body === undefined ? {} : { body }),
    });
    const isJson = /[/+]json/.test(response.headers.get('content-type') ?? '');
    const text = isJson ? await response.text() : '';
    if (!isJson) await response.arrayBuffer();
    return {
      status: response.status,
      headers: response.headers,
      body: text === '' ? undefined : JSON.parse(text),
    };
  }

  async function expectAnswer<T extends z.ZodType>(
    status: number,
    schema: T,
    method: string,
    path: string,
    options?: RequestOptions,
  ): Promise<z.output<T>> {
    const answer = await request(method, path, options);
    if (answer.status !== status) {
      throw new Error(
        `${method} ${path}: ${answer.status} instead of ${status}: ${JSON.stringify(answer.body)}`,
      );
    }
    return schema.parse(answer.body);
  }

  async function login(tenant: string, email: string, password = DEMO_PASSWORD): Promise<string> {
    const body = { email, password };
    return (await expectAnswer(200, session, 'POST', '/users/login', { tenant, body })).access_token;
  }

  return {
    request,
    expect: expectAnswer,
    login,
    demo(tenant, who) {
      const key = `${tenant}/${who}`;
      const known = tokens.get(key) ?? login(tenant, `${who}@${tenant}.example`);
      tokens.set(key, known);
      return known;
    },
    async register(tenant, email = `buyer-${randomUUID()}@example.com`) {
      const body = { email, password: DEMO_PASSWORD, first_name: 'Ana', last_name: 'García' };
      const answer = await expectAnswer(201, session, 'POST', '/users/register', { tenant, body });
      return { token: answer.access_token, userId: answer.user.id, email };
    },
  };
}
