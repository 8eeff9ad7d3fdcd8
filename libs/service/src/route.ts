import { createRoute, OpenAPIHono, type RouteConfig, z } from '@hono/zod-openapi';
import type { Access } from './access.ts';
import type { AppEnv } from './context.ts';
import { guard } from './guard.ts';
import { JSON_BYTES_MAX } from './json-body.ts';
import { invalidRequest, problemSchema } from './problem-response.ts';

/** OpenAPI extension that carries a route's access rule: the start-up check and the authorization matrix read it. */
export const ACCESS_EXTENSION = 'x-zoco-access';

type RouteInput = RouteConfig & {
  /** Who may call it. */
  readonly access: Access;
  /** Statuses of the problems that it answers beyond those every route has. */
  readonly problems?: readonly (401 | 402 | 403 | 404 | 409 | 410 | 412 | 415)[];
  /** Largest JSON body. Default 64 KiB. */
  readonly jsonBytesMax?: number;
};

const PROBLEM_TEXT: Readonly<Record<number, string>> = {
  400: 'Malformed: no JSON, or a header that is needed is missing.',
  401: 'No valid token.',
  402: 'The payment was declined.',
  403: 'The role or scope is missing, or the tenant is another one.',
  404: 'No such thing, or one of another tenant or user.',
  409: 'The state of the thing does not allow it.',
  410: 'The thing is gone.',
  412: 'It was changed since it was read.',
  413: 'The body is too large.',
  415: 'The media type is not supported.',
  422: 'A field is not valid; `errors` names it.',
  429: 'Too many requests.',
  503: 'Overloaded, or a neighbour does not answer; try again.',
};

/**
 * A route with its access rule: adds the guard, the security scheme and the documents of its problems to what
 * `createRoute` of @hono/zod-openapi makes. Unknown query parameters are refused; every tenant route knows `tenant_id`.
 */
export function defineRoute<const R extends RouteInput>(route: R) {
  const { access, problems = [], jsonBytesMax = JSON_BYTES_MAX, ...config } = route;
  const takesJson = config.request?.body?.content['application/json'] !== undefined;
  const statuses = [
    ...(access.kind === 'open' ? [] : [400]),
    ...(access.kind === 'user' ? [401, 403] : []),
    ...(access.kind === 'internal' ? [401, 403] : []),
    ...problems,
    ...(takesJson ? [413, 415] : []),
    422,
    429,
    503,
  ];
  const content = { 'application/problem+json': { schema: problemSchema } };
  const refusals = Object.fromEntries(
    [...new Set(statuses)].map((status) => [
      status,
      { description: PROBLEM_TEXT[status] ?? 'Problem', content },
    ]),
  );
  const query = access.kind === 'open' ? config.request?.query : withTenant(config.request?.query);
  const full = {
    ...config,
    request: {
      ...config.request,
      ...(query ? { query } : {}),
      // Without `required` an absent body would skip its schema.
      ...(takesJson && config.request?.body ? { body: { ...config.request.body, required: true } } : {}),
    },
    responses: { ...refusals, ...config.responses },
    security: securityOf(access),
    middleware: [guard({ access, jsonBytesMax: takesJson ? jsonBytesMax : undefined })],
    [ACCESS_EXTENSION]: access,
  };
  // The type says what the route was given: its refusals come from the guard, never from its handler.
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion
  return createRoute(full as unknown as R);
}

function withTenant(query: NonNullable<RouteConfig['request']>['query']) {
  const tenant = {
    tenant_id: z.string().max(64).optional().openapi({ description: 'Tenant, where no token names it.' }),
  };
  if (query === undefined) return z.strictObject(tenant);
  if (query instanceof z.ZodObject) return query.extend(tenant).strict();
  throw new TypeError('a query schema must be an object');
}

function securityOf(access: Access): Record<string, string[]>[] {
  switch (access.kind) {
    case 'open':
      return [];
    case 'anonymous':
      return [{}, { accessToken: [] }];
    case 'internal':
      return [{ serviceToken: [] }];
    default:
      return [{ accessToken: [] }];
  }
}

/** An empty router for a group of routes; what a schema refuses becomes a problem that names the field. */
export function createRouter(): OpenAPIHono<AppEnv> {
  return new OpenAPIHono<AppEnv>({
    defaultHook: (result) => {
      if (!result.success) throw invalidRequest(result.error);
    },
  });
}
