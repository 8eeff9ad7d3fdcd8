import type { TenantId } from '@zoco/kernel';
import { z } from 'zod';
import { idField, tenantIdField } from './fields.ts';
import type { ServiceName } from './services.ts';

/** One kind of event: who publishes it, what it carries, and an example for the reference. */
export interface EventDefinition<T extends z.ZodType = z.ZodType> {
  /** `<noun>.<past verb>` */
  readonly type: string;
  readonly producer: ServiceName;
  readonly summary: string;
  readonly data: T;
  readonly example: z.input<T>;
}

export type EventData<E> = E extends EventDefinition<infer T> ? z.output<T> : never;
export type EventInput<E> = E extends EventDefinition<infer T> ? z.input<T> : never;

export function defineEvent<T extends z.ZodType>(definition: EventDefinition<T>): EventDefinition<T> {
  return definition;
}

/**
 * The envelope around every event: CloudEvents 1.0 in JSON, with the extensions `tenantid`, `aggregateversion` and
 * `traceparent`. `subject` is the id of the aggregate; its events carry rising versions. A version without an event is a
 * change that concerns nobody else.
 * @see https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/spec.md
 */
export const envelopeSchema = z.object({
  specversion: z.literal('1.0'),
  id: idField('event'),
  source: z.string(),
  type: z.string(),
  subject: z.string(),
  time: z.iso.datetime(),
  datacontenttype: z.literal('application/json'),
  tenantid: tenantIdField,
  aggregateversion: z.int().positive(),
  traceparent: z.string().optional(),
  data: z.unknown(),
});
export type Envelope = z.infer<typeof envelopeSchema>;

/** `zoco.orders.order.created.acme` */
export function subjectOf(event: EventDefinition, tenant: TenantId | '*'): string {
  return `zoco.${event.producer}.${event.type}.${tenant}`;
}

/** Stream of a producer: its name in capitals. */
export function streamOf(producer: ServiceName): string {
  return producer.toUpperCase();
}

/** Name of the durable consumer: `payments-on-order-created`. */
export function durableOf(consumer: ServiceName, event: EventDefinition): string {
  return `${consumer}-on-${event.type.replaceAll(/[._]/g, '-')}`;
}
