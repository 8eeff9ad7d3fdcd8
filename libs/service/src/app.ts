import { SpanKind } from '@opentelemetry/api';
import { newId, Problem } from '@zoco/kernel';
import { databaseProblem } from '@zoco/postgres';
import type { Context, MiddlewareHandler } from 'hono';
import { HTTPException } from 'hono/http-exception';
import { routePath } from 'hono/route';
import type { OpenAPIHono } from '@hono/zod-openapi';
import { REQUEST_ID_HEADER, TIMEOUT_HEADER } from './call.ts';
import type { AppEnv } from './context.ts';
import { type GuardDeps, provideGuardDeps } from './guard.ts';
import { IDEMPOTENCY_REPLAYED_HEADER } from './idempotency-key.ts';
import type { Logger } from './log.ts';
import { idempotencyReplays, knownMethod, observeRequest } from './metrics.ts';
import { admission } from './overload.ts';
import { internalErrorResponse, problemResponse } from './problem-response.ts';
import { ACCESS_EXTENSION, createRouter } from './route.ts';
import { describeRequest } from './request-span.ts';
import { inSpan } from './telemetry.ts';

export interface AppOptions extends GuardDeps {
  readonly service: string;
  readonly version: string;
  readonly log: Logger;
  readonly requestsInFlightMax: number;
  /** The routers of the service. */
  readonly routes: readonly OpenAPIHono<AppEnv>[];
}

const REQUEST_ID = /^[\w.:-]{8,128}$/;
const DEADLINE_MIN_MS = 50;
const REQUEST_MS_MAX = 30_000;

/**
 * The HTTP app of a service: request ids, traces, logs, metrics, overload and deadlines around the given routes.
 * @throws Error when a route declares no access rule
 */
export function createApp(options: AppOptions): OpenAPIHono<AppEnv> {
  const app = createRouter();
  app.use(
    observe(options.log),
    admission(options.requestsInFlightMax),
    deadline(),
    provideGuardDeps(options),
  );
  app.get('/health', (c) => c.json({ status: 'ok', service: options.service, version: options.version }));
  app.get('/status', (c) =>
    c.json({
      status: 'ok',
      service: options.service,
      version: options.version,
      uptime_seconds: process.uptime(),
    }),
  );
  for (const router of options.routes) app.route('/', router);
  assertAccessDeclared(app);
  app.onError((error, c) => answerError(error, c));
  app.notFound((c) => answerUnmatched(app, c));
  return app;
}

/** Routes of the platform itself, the only ones without a definition. */
const BUILT_IN = new Set(['GET /health', 'GET /status']);

/** What `use` registers; `all` on a plain path would be a route that nobody guards. */
const MIDDLEWARE = /^ALL .*\*$/;

function assertAccessDeclared(app: OpenAPIHono<AppEnv>): void {
  const declared = new Set<string>();
  for (const definition of app.openAPIRegistry.definitions) {
    if (definition.type !== 'route' || !(ACCESS_EXTENSION in definition.route)) continue;
    const path = definition.route.path.replaceAll(/\{(\w+)\}/g, ':$1');
    declared.add(`${definition.route.method.toUpperCase()} ${path}`);
  }
  const missing = app.routes
    .map(({ method, path }) => `${method} ${path}`)
    .filter((route) => !MIDDLEWARE.test(route) && !declared.has(route) && !BUILT_IN.has(route));
  if (missing.length > 0) {
    throw new Error(
      `these routes declare no access rule (use defineRoute): ${[...new Set(missing)].join(', ')}`,
    );
  }
}

function observe(log: Logger): MiddlewareHandler<AppEnv> {
  return async (c, next) => {
    const given = c.req.header(REQUEST_ID_HEADER);
    const requestId =
      given !== undefined && REQUEST_ID.test(given) ? given : newId('event').replace('evt_', 'req_');
    const { method } = c.req;
    const startedMs = performance.now();
    c.set('requestId', requestId);
    c.set('log', log.child({ request_id: requestId }));
    const parent = c.req.header('traceparent');
    await inSpan(knownMethod(method), { kind: SpanKind.SERVER, parent }, async (span) => {
      await next();
      const { status } = c.res;
      const pattern = routePath(c, -1);
      const route = pattern === '' || pattern === '*' || pattern === '/*' ? 'unmatched' : pattern;
      if (span.isRecording()) describeRequest(span, { method, ...partsOf(c.req.url), route, status });
      const seconds = (performance.now() - startedMs) / 1000;
      observeRequest(method, route, status, seconds);
      if (method !== 'GET' && c.res.headers.has(IDEMPOTENCY_REPLAYED_HEADER)) idempotencyReplays.inc();
      c.res.headers.set(REQUEST_ID_HEADER, requestId);
      const level = status >= 500 ? 'error' : status >= 400 || method !== 'GET' ? 'info' : 'debug';
      c.var.log[level]({ method, route, status, duration_ms: Math.round(seconds * 1e6) / 1000 }, 'request');
    });
  };
}

/** Of a URL that hono has put together. */
function partsOf(url: string): { scheme: string; host: string; path: string } {
  const [, scheme = 'http', host = '', path = '/'] = /^(\w+):\/\/([^/?#]*)([^?#]*)/.exec(url) ?? [];
  return { scheme, host, path };
}

function deadline(): MiddlewareHandler<AppEnv> {
  return async (c, next) => {
    const given = Number(c.req.header(TIMEOUT_HEADER) ?? REQUEST_MS_MAX);
    const leftMs = Number.isFinite(given) ? Math.min(given, REQUEST_MS_MAX) : REQUEST_MS_MAX;
    if (leftMs < DEADLINE_MIN_MS) {
      throw new Problem('upstream_timeout', 'deadline_too_short', 'There is no time left to do this.');
    }
    c.set('deadlineMs', performance.now() + leftMs);
    await next();
  };
}

function answerError(error: Error, c: Context<AppEnv>): Response {
  const problem = error instanceof Problem ? error : (databaseProblem(error) ?? httpProblem(error));
  if (problem === undefined) {
    c.var.log.error({ err: error }, 'unexpected failure');
    return internalErrorResponse(instanceOf(c));
  }
  if (problem.status >= 500)
    c.var.log.warn({ err: problem, cause: problem.cause, code: problem.code }, 'unavailable');
  return problemResponse(problem, instanceOf(c));
}

/** The path as it was sent: `instance` is a URI reference (RFC 9457), and hono's own path is decoded. */
function instanceOf(c: Context<AppEnv>): string {
  return new URL(c.req.url).pathname;
}

/** hono's own validator speaks in HTTPExceptions. */
function httpProblem(error: Error): Problem | undefined {
  if (!(error instanceof HTTPException) || error.status >= 500) return undefined;
  return new Problem('malformed', 'request_malformed', 'The request is malformed.', { cause: error });
}

function answerUnmatched(app: OpenAPIHono<AppEnv>, c: Context<AppEnv>): Response {
  const others = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'].filter(
    (method) => method !== c.req.method && isRoute(app, method, c.req.path),
  );
  if (others.length === 0) {
    return problemResponse(
      new Problem('not_found', 'route_not_found', 'There is no such route.'),
      instanceOf(c),
    );
  }
  const allow = others.join(', ');
  const problem = new Problem('method_not_allowed', 'method_not_allowed', `Use ${allow} here.`);
  const response = problemResponse(problem, instanceOf(c));
  response.headers.set('allow', allow);
  return response;
}

function isRoute(app: OpenAPIHono<AppEnv>, method: string, path: string): boolean {
  return app.router.match(method, path)[0].some(([[, route]]) => route.method === method);
}
