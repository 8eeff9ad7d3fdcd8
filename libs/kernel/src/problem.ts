/** HTTP status of each kind of expected failure (RFC 9110). Decided here once, applied at the edge. */
export const PROBLEM_STATUS = {
  malformed: 400,
  unauthenticated: 401,
  declined: 402,
  forbidden: 403,
  not_found: 404,
  method_not_allowed: 405,
  timeout: 408,
  conflict: 409,
  gone: 410,
  precondition_failed: 412,
  too_large: 413,
  unsupported: 415,
  invalid: 422,
  limited: 429,
  unavailable: 503,
  upstream_timeout: 504,
} as const;

export type ProblemKind = keyof typeof PROBLEM_STATUS;

/** What is wrong with one field: `field` is a path like `items.0.quantity`. */
export interface FieldError {
  readonly field: string;
  readonly code: string;
  readonly detail: string;
}

export interface ProblemOptions {
  readonly errors?: readonly FieldError[];
  readonly retryAfterSeconds?: number;
  /** Path of the thing that the client would rather ask for; goes into the header of that name. */
  readonly location?: string;
  /** Kept for logs, never sent to a client. */
  readonly cause?: unknown;
  /** Further members of the problem document (RFC 9457, section 3.2); must be safe for clients. */
  readonly extensions?: Readonly<Record<string, unknown>>;
}

/**
 * An expected failure: kind, stable code, and a text that is safe for the client.
 * Anything else that is thrown is a bug and answers with a fixed 500.
 */
export class Problem extends Error {
  override readonly name = 'Problem';
  readonly kind: ProblemKind;
  /** `<noun>_<reason>`, unique in the repository and stable for clients. */
  readonly code: string;
  readonly errors: readonly FieldError[];
  readonly retryAfterSeconds: number | undefined;
  readonly location: string | undefined;
  readonly extensions: Readonly<Record<string, unknown>>;

  constructor(kind: ProblemKind, code: string, detail: string, options: ProblemOptions = {}) {
    super(detail, options.cause === undefined ? undefined : { cause: options.cause });
    this.kind = kind;
    this.code = code;
    this.errors = options.errors ?? [];
    this.retryAfterSeconds = options.retryAfterSeconds;
    this.location = options.location;
    this.extensions = options.extensions ?? {};
  }

  get status(): number {
    return PROBLEM_STATUS[this.kind];
  }
}
