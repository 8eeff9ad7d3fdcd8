/** Fields of Stripe's error object. @see https://docs.stripe.com/api/errors */
export interface ErrorBody {
  readonly type: 'api_error' | 'card_error' | 'idempotency_error' | 'invalid_request_error';
  readonly message: string;
  readonly code?: string;
  readonly param?: string;
  readonly decline_code?: string;
  readonly charge?: string;
  readonly payment_intent?: unknown;
  readonly payment_method?: unknown;
}

/** A request that Stripe would refuse. */
export class StripeFault extends Error {
  override readonly name = 'StripeFault';
  readonly status: number;
  readonly body: ErrorBody;
  /**
   * Whether the refusal came after the endpoint began to execute: then its idempotency key keeps the answer.
   * Parameters that fail validation leave no trace.
   */
  readonly executed: boolean;

  constructor(status: number, body: ErrorBody, executed = false) {
    super(body.message);
    this.status = status;
    this.body = body;
    this.executed = executed;
  }
}

export function missingParam(param: string): StripeFault {
  return new StripeFault(400, {
    type: 'invalid_request_error',
    code: 'parameter_missing',
    param,
    message: `Missing required param: ${param}.`,
  });
}

export function unknownParam(param: string): StripeFault {
  return new StripeFault(400, {
    type: 'invalid_request_error',
    code: 'parameter_unknown',
    param,
    message: `Received unknown parameter: ${param}`,
  });
}

export function invalidParam(param: string, code: string, message: string): StripeFault {
  return new StripeFault(400, { type: 'invalid_request_error', code, param, message });
}

/** @param status 404 for the object that the URL names, 400 for one that a parameter names */
export function noSuch(
  what: string,
  id: string,
  param: string,
  status: 400 | 404,
  executed = false,
): StripeFault {
  return new StripeFault(
    status,
    {
      type: 'invalid_request_error',
      code: 'resource_missing',
      param,
      message: `No such ${what}: '${id}'`,
    },
    executed,
  );
}
