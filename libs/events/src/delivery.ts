import type { JsMsg } from '@nats-io/jetstream';
import { envelopeSchema, type EventData, type EventDefinition } from '@zoco/contracts';
import type { TenantId } from '@zoco/kernel';

/** An event as its handler sees it. */
export interface Received<E extends EventDefinition> {
  readonly id: string;
  readonly tenantId: TenantId;
  readonly aggregateId: string;
  readonly version: number;
  readonly time: Date;
  readonly data: EventData<E>;
  /** Span that it comes from, for what is recorded because of it. */
  readonly traceparent?: string | undefined;
}

/** Spans that an event comes from. */
export interface Origin {
  /** That recorded it. */
  readonly recorded: string | undefined;
  /** That published it; known where its trace is recorded. */
  readonly published: string | undefined;
}

export interface Delivery extends Origin {
  readonly event: Received<EventDefinition>;
}

/** A message that will never be understood, however often it comes. */
export class Poison extends Error {}

/** What a message says, or why it says nothing. */
export function receive(message: JsMsg, definition: EventDefinition): Delivery | Poison {
  try {
    const envelope = envelopeSchema.parse(message.json());
    if (envelope.type !== definition.type) throw new Error(`type is ${envelope.type}`);
    if (!message.subject.endsWith(`.${envelope.tenantid}`))
      throw new Error('subject and envelope name different tenants');
    const recorded = envelope.traceparent;
    const published = message.headers?.get('traceparent') || undefined;
    return {
      recorded,
      published,
      event: {
        traceparent: published ?? recorded,
        id: envelope.id,
        tenantId: envelope.tenantid,
        aggregateId: envelope.subject,
        version: envelope.aggregateversion,
        time: new Date(envelope.time),
        data: definition.data.parse(envelope.data),
      },
    };
  } catch (cause) {
    return new Poison(cause instanceof Error ? cause.message : 'the message cannot be read', { cause });
  }
}
