import { z } from 'zod';

const aim = {
  /** How often it strikes; default once. */
  times: z.int().min(1).max(1_000_000).default(1),
  /** Chance that it strikes where it matches. */
  probability: z.number().min(0).max(1).default(1),
};

/** A fault at a request. */
const requestFault = z.strictObject({
  kind: z.enum([
    /** It is done, and the answer is a 500 that the idempotency key keeps. */
    'commit_then_500',
    /** It is done, and no answer ever comes. */
    'commit_then_hang',
    /** It is done, and the connection breaks instead of an answer. */
    'commit_then_drop',
    /** It is not done, and the answer is a 500 that the idempotency key keeps. */
    'fail_500',
    /** It is not done, and nothing is kept: try again. */
    'unavailable',
    'rate_limit',
    /** It waits `delay_ms` and then goes on; meanwhile its idempotency key is in use. */
    'stall',
  ]),
  /** Name of the operation, such as `payment_intents.create`; default every one. */
  operation: z.string().optional(),
  /** Only requests about the intent with this `metadata[order_id]`. */
  order_id: z.string().optional(),
  delay_ms: z.int().min(0).max(120_000).default(1000),
  ...aim,
});

/** A fault at a webhook. */
const webhookFault = z.strictObject({
  kind: z.enum(['webhook_duplicate', 'webhook_delay', 'webhook_drop', 'webhook_reorder']),
  /** Type of event, such as `payment_intent.succeeded`; default every one. */
  type: z.string().optional(),
  delay_ms: z.int().min(0).max(600_000).default(1000),
  ...aim,
});

export const faultInput = z.union([requestFault, webhookFault]);
export type FaultInput = z.input<typeof faultInput>;
export type RequestFault = z.output<typeof requestFault>;
export type WebhookFault = z.output<typeof webhookFault>;

export interface Faults {
  add(input: FaultInput): void;
  clear(): void;
  list(): readonly (RequestFault | WebhookFault)[];
  /** The fault that strikes this request, if any; it is used up. */
  takeForRequest(operation: string, orderId: string | undefined): RequestFault | undefined;
  /** The faults that strike this event's delivery; they are used up. */
  takeForWebhook(type: string): readonly WebhookFault[];
}

export function createFaults(): Faults {
  let faults: (RequestFault | WebhookFault)[] = [];

  function use<F extends RequestFault | WebhookFault>(fault: F): F | undefined {
    if (Math.random() >= fault.probability) return undefined;
    fault.times -= 1;
    if (fault.times <= 0) faults = faults.filter((other) => other !== fault);
    return fault;
  }

  return {
    add(input) {
      faults.push(faultInput.parse(input));
    },
    clear() {
      faults = [];
    },
    list: () => faults,
    takeForRequest(operation, orderId) {
      for (const fault of faults) {
        if (!isRequestFault(fault)) continue;
        if (fault.operation !== undefined && fault.operation !== operation) continue;
        if (fault.order_id !== undefined && fault.order_id !== orderId) continue;
        const used = use(fault);
        if (used !== undefined) return used;
      }
      return undefined;
    },
    takeForWebhook(type) {
      return faults
        .filter((fault): fault is WebhookFault => !isRequestFault(fault))
        .filter((fault) => fault.type === undefined || fault.type === type)
        .flatMap((fault) => use(fault) ?? []);
    },
  };
}

function isRequestFault(fault: RequestFault | WebhookFault): fault is RequestFault {
  return !fault.kind.startsWith('webhook_');
}
