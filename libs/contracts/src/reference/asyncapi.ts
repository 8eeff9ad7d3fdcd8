import { durableOf, type EventDefinition } from '../event.ts';
import { EVENTS, HANDLES, WATCHES } from '../graph.ts';
import { SERVICE_NAMES, type ServiceName } from '../services.ts';
import { dataSchema, envelopeJsonSchema, exampleMessage, type JsonSchema } from './json-schema.ts';

const VERSION = '1.0.0';

/**
 * The events as an AsyncAPI 3.0 document: a channel per subject, a message per event, an operation for everybody who
 * publishes, handles or watches it.
 * @see https://www.asyncapi.com/docs/reference/specification/v3.0.0
 */
export function asyncapiDocument(): JsonSchema {
  return {
    asyncapi: '3.0.0',
    id: 'urn:zoco:events',
    info: {
      title: 'Zoco events',
      version: VERSION,
      description:
        'What happened in Zoco, published on NATS JetStream from the outbox of the service that owns it. Delivered at least once, in order per aggregate; handlers take effect once.',
      license: { name: 'Apache-2.0' },
    },
    defaultContentType: 'application/cloudevents+json',
    servers: { nats: { host: '127.0.0.1:4222', protocol: 'nats', description: 'NATS with JetStream.' } },
    channels: Object.fromEntries(EVENTS.map((event) => [event.type, channelOf(event)])),
    operations: Object.fromEntries(SERVICE_NAMES.flatMap(operationsOf)),
    components: {
      messages: Object.fromEntries(EVENTS.map((event) => [event.type, messageOf(event)])),
      schemas: {
        envelope: embedded(envelopeJsonSchema()),
        ...Object.fromEntries(EVENTS.map((event) => [event.type, embedded(dataSchema(event))])),
      },
    },
  };
}

/** Subject of an event with the tenant left open. */
export function subjectPattern(event: EventDefinition): string {
  return `zoco.${event.producer}.${event.type}.{tenant}`;
}

function channelOf(event: EventDefinition): JsonSchema {
  return {
    address: subjectPattern(event),
    summary: event.summary,
    parameters: { tenant: { description: 'Id of the tenant.', examples: ['acme'] } },
    messages: { [event.type]: { $ref: `#/components/messages/${event.type}` } },
  };
}

function messageOf(event: EventDefinition): JsonSchema {
  return {
    name: event.type,
    title: event.type,
    summary: event.summary,
    contentType: 'application/cloudevents+json',
    payload: {
      allOf: [
        { $ref: '#/components/schemas/envelope' },
        {
          type: 'object',
          properties: {
            type: { const: event.type },
            data: { $ref: `#/components/schemas/${event.type}` },
          },
        },
      ],
    },
    examples: [{ name: 'example', payload: exampleMessage(event) }],
  };
}

function operationsOf(service: ServiceName): [string, JsonSchema][] {
  const publishes = EVENTS.filter((event) => event.producer === service);
  return [
    ...publishes.map((event): [string, JsonSchema] => [
      `${service}-publishes-${event.type}`,
      operation('send', event, `${service} publishes ${event.type} from its outbox.`),
    ]),
    ...HANDLES[service].map((event): [string, JsonSchema] => [
      `${service}-handles-${event.type}`,
      operation(
        'receive',
        event,
        `${service} handles ${event.type} once per event, through the durable consumer ${durableOf(service, event)}.`,
      ),
    ]),
    ...WATCHES[service].map((event): [string, JsonSchema] => [
      `${service}-watches-${event.type}`,
      operation(
        'receive',
        event,
        `Every replica of ${service} sees ${event.type} to keep its memory fresh; nothing is stored.`,
      ),
    ]),
  ];
}

function operation(action: 'send' | 'receive', event: EventDefinition, summary: string): JsonSchema {
  return {
    action,
    channel: { $ref: `#/channels/${event.type}` },
    summary,
    messages: [{ $ref: `#/channels/${event.type}/messages/${event.type}` }],
  };
}

/** Inside the document a schema is found by its place; a second `$id` would start another one. */
function embedded({ $schema: _dialect, $id: _id, ...schema }: JsonSchema): JsonSchema {
  return schema;
}
