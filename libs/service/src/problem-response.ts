import { type FieldError, Problem } from '@zoco/kernel';
import { z } from '@hono/zod-openapi';
import { currentTraceId } from './telemetry.ts';

/** RFC 9457 problem document, the body of every answer that is not a success. */
export const problemSchema = z
  .object({
    type: z.string(),
    title: z.string(),
    status: z.int(),
    detail: z.string(),
    code: z.string(),
    instance: z.string(),
    trace_id: z.string().optional(),
    errors: z.array(z.object({ field: z.string(), code: z.string(), detail: z.string() })).optional(),
  })
  .openapi('Problem', {
    example: {
      type: 'urn:zoco:problem:request_invalid',
      title: 'Unprocessable Content',
      status: 422,
      detail: 'The request is not valid.',
      code: 'request_invalid',
      instance: '/api/v1/products',
      trace_id: '4bf92f3577b34da6a3ce929d0e0e4736',
      errors: [{ field: 'price_cents', code: 'too_small', detail: 'Too small: expected number to be >=0' }],
    },
  });

const TITLES: Readonly<Record<number, string>> = {
  400: 'Bad Request',
  401: 'Unauthorized',
  402: 'Payment Required',
  403: 'Forbidden',
  404: 'Not Found',
  405: 'Method Not Allowed',
  408: 'Request Timeout',
  409: 'Conflict',
  410: 'Gone',
  412: 'Precondition Failed',
  413: 'Content Too Large',
  415: 'Unsupported Media Type',
  422: 'Unprocessable Content',
  429: 'Too Many Requests',
  500: 'Internal Server Error',
  503: 'Service Unavailable',
  504: 'Gateway Timeout',
};

/** A problem document before it is sent. */
export interface ProblemAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** The answer for a problem; what only logs may know (the cause) stays out. */
export function problemResponse(problem: Problem, path: string): Response {
  return toResponse(problemAnswer(problem, path));
}

/** The same for a server without hono. */
export function problemAnswer(problem: Problem, path: string): ProblemAnswer {
  return answer(problem.status, problem.code, problem.message, path, {
    errors: problem.errors.length > 0 ? problem.errors : undefined,
    retryAfterSeconds: problem.retryAfterSeconds,
    location: problem.location,
    extensions: problem.extensions,
  });
}

/** The answer for a bug: always the same text. */
export function internalErrorResponse(path: string): Response {
  return toResponse(internalErrorAnswer(path));
}

/** The same for a server without hono. */
export function internalErrorAnswer(path: string): ProblemAnswer {
  return answer(
    500,
    'internal_error',
    'Something went wrong on our side. Quote the trace id to support.',
    path,
    {},
  );
}

function toResponse({ status, headers, body }: ProblemAnswer): Response {
  return new Response(body, { status, headers });
}

function answer(
  status: number,
  code: string,
  detail: string,
  path: string,
  more: {
    errors?: readonly FieldError[] | undefined;
    retryAfterSeconds?: number | undefined;
    location?: string | undefined;
    extensions?: Readonly<Record<string, unknown>>;
  },
): ProblemAnswer {
  const headers: Record<string, string> = {
    'content-type': 'application/problem+json',
    'cache-control': 'no-store',
  };
  if (more.retryAfterSeconds !== undefined)
    headers['retry-after'] = String(Math.ceil(more.retryAfterSeconds));
  if (more.location !== undefined) headers['location'] = more.location;
  if (status === 401) headers['www-authenticate'] = 'Bearer';
  const title = TITLES[status] ?? 'Error';
  const document = {
    ...more.extensions,
    type: `urn:zoco:problem:${code}`,
    title,
    status,
    detail,
    code,
    instance: path,
    trace_id: currentTraceId(),
    errors: more.errors,
  };
  return { status, headers, body: JSON.stringify(document) };
}

/** The problem for input that its schema refuses. */
export function invalidRequest(error: z.core.$ZodError): Problem {
  const errors = error.issues.flatMap(fieldErrors).slice(0, 50);
  return new Problem('invalid', 'request_invalid', 'The request is not valid.', { errors });
}

function fieldErrors(issue: z.core.$ZodIssue): FieldError[] {
  const path = issue.path.map(String);
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => ({
      field: [...path, key].join('.'),
      code: 'unknown_field',
      detail: 'is not a known field',
    }));
  }
  return [{ field: path.join('.') || 'body', code: issue.code, detail: issue.message }];
}
