import { z } from 'zod';
import { envelopeSchema, type EventDefinition } from '../event.ts';
import { exampleId } from '../fields.ts';

/** A JSON Schema as we write and read it: JSON, whose keywords are looked at one by one. */
export type JsonSchema = Readonly<Record<string, unknown>>;

const DIALECT = 'https://json-schema.org/draft/2020-12/schema';

/** The schema of what an event carries. Unknown fields are allowed: readers ignore what they do not know. */
export function dataSchema(event: EventDefinition): JsonSchema {
  return {
    $schema: DIALECT,
    $id: `urn:zoco:event:${event.type}`,
    title: event.type,
    description: event.summary,
    ...bodyOf(event.data),
    examples: [event.example],
  };
}

/** The schema of the CloudEvents envelope around the data of every event. */
export function envelopeJsonSchema(): JsonSchema {
  return {
    $schema: DIALECT,
    $id: 'urn:zoco:event:envelope',
    title: 'envelope',
    description:
      'CloudEvents 1.0 with the extensions `tenantid`, `aggregateversion` and `traceparent`; `subject` is the id of the aggregate.',
    ...bodyOf(envelopeSchema),
  };
}

/** A whole message: the example of an event in its envelope. */
export function exampleMessage(event: EventDefinition): unknown {
  return {
    specversion: '1.0',
    id: exampleId('event'),
    source: `/zoco/${event.producer}`,
    type: event.type,
    subject: exampleAggregateId(event),
    time: '2026-11-22T10:15:00.000Z',
    datacontenttype: 'application/json',
    tenantid: 'libros',
    aggregateversion: 1,
    traceparent: '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01',
    data: event.example,
  };
}

/** The data of every event begins with the id of the thing it is about. */
function exampleAggregateId(event: EventDefinition): string {
  const data = z.record(z.string(), z.unknown()).parse(event.example);
  return z.string().parse(Object.values(data)[0]);
}

function bodyOf(schema: z.ZodType): JsonSchema {
  const { $schema: _dialect, ...body } = z.toJSONSchema(schema, {
    io: 'input',
    unrepresentable: 'any',
    override: ({ jsonSchema }) => {
      // What zod adds to say "safe integer" hides the limits that somebody chose.
      if (jsonSchema.minimum === Number.MIN_SAFE_INTEGER) delete jsonSchema.minimum;
      if (jsonSchema.maximum === Number.MAX_SAFE_INTEGER) delete jsonSchema.maximum;
      if (jsonSchema.format === 'date-time') jsonSchema.pattern = 'Z$';
    },
  });
  return body;
}
