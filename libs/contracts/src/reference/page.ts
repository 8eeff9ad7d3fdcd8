import { z } from 'zod';
import { durableOf, type EventDefinition, streamOf } from '../event.ts';
import { EVENTS, HANDLES, WATCHES } from '../graph.ts';
import { SERVICE_NAMES } from '../services.ts';
import { subjectPattern } from './asyncapi.ts';
import { dataSchema, exampleMessage, type JsonSchema } from './json-schema.ts';

const INTRODUCTION = `# Events

Generated from \`libs/contracts/src\` by \`npm run generate\`; edit the definitions, not this page.

Every event travels as a CloudEvents 1.0 message ([envelope.schema.json](envelope.schema.json)) on the JetStream stream of the
service that publishes it. Delivery is at least once and in order per aggregate; a handler takes effect once (inbox). "Handles"
is a durable consumer; "watches" is a plain subscription of every replica that only keeps memory fresh. The same as a machine
reads it: [asyncapi.json](asyncapi.json) and one JSON Schema per event.

## What may change

Events are kept: streams hold 14 days and a replay brings back what an outbox holds, so new code reads old events, and during a
rollout old code reads new ones. Therefore only additions are allowed: a new event, a new optional field, a further value of an
enumeration (deploy its readers first). Whatever removes, renames, requires, retypes or narrows is refused by
\`npm run generate\` and by the tests; the way out is a new event with a new name, published beside the old one until nobody reads that.
`;

/** The page for people: a table of all events, then each with its fields and an example. */
export function referencePage(): string {
  const rows = EVENTS.map(
    (event) =>
      `| [\`${event.type}\`](#${event.type.replace('.', '')}) | ${event.producer} | ${list(handlersOf(event))} | ${list(watchersOf(event))} | ${event.summary} |`,
  );
  const table = [
    '| event | published by | handled by | watched by | says |',
    '|---|---|---|---|---|',
    ...rows,
  ].join('\n');
  return [INTRODUCTION, '## All events', '', table, '', ...EVENTS.map(section)].join('\n');
}

function section(event: EventDefinition): string {
  const durables = handlersOf(event).map((service) => `\`${durableOf(service, event)}\``);
  return [
    `### ${event.type}`,
    '',
    event.summary,
    '',
    `Subject \`${subjectPattern(event)}\`, stream \`${streamOf(event.producer)}\`, durables ${list(durables)}, schema [${event.type}.schema.json](${event.type}.schema.json).`,
    '',
    '| field | type | |',
    '|---|---|---|',
    ...fieldRows(dataSchema(event), ''),
    '',
    '```json',
    JSON.stringify(exampleMessage(event), null, 2),
    '```',
    '',
  ].join('\n');
}

const handlersOf = (event: EventDefinition) =>
  SERVICE_NAMES.filter((service) => HANDLES[service].includes(event));

const watchersOf = (event: EventDefinition) =>
  SERVICE_NAMES.filter((service) => WATCHES[service].includes(event));

const list = (names: readonly string[]) => (names.length === 0 ? 'none' : names.join(', '));

const schemaRecord = z.record(z.string(), z.unknown());
const objectSchema = z.object({
  properties: z.record(z.string(), schemaRecord),
  required: z.array(z.string()).default([]),
});

function fieldRows(schema: JsonSchema, prefix: string): string[] {
  const parsed = objectSchema.safeParse(schema);
  if (!parsed.success) return [];
  const { properties, required } = parsed.data;
  return Object.entries(properties).flatMap(([name, field]) => {
    const path = `${prefix}${name}`;
    const notes = [
      required.includes(name) ? '' : 'optional',
      typeof field['description'] === 'string' ? field['description'] : '',
    ];
    return [
      `| \`${path}\` | ${typeOf(field)} | ${notes.filter((note) => note !== '').join('; ')} |`,
      ...variantsOf(field).flatMap((variant) => [
        ...fieldRows(variant, `${path}.`),
        ...fieldRows(schemaRecord.catch({}).parse(variant['items']), `${path}[].`),
      ]),
    ];
  });
}

function variantsOf(schema: JsonSchema): JsonSchema[] {
  const variants = z.array(schemaRecord).safeParse(schema['anyOf']);
  return variants.success ? variants.data : [schema];
}

/** A type in words: `"card" or "transfer"`, `integer or null`, `array of object`. */
function typeOf(schema: JsonSchema): string {
  const variants = variantsOf(schema);
  if (variants.length > 1) return variants.map(typeOf).join(' or ');
  const [variant = schema] = variants;
  const values = z.array(z.unknown()).safeParse(variant['enum']);
  if (values.success) return values.data.map((value) => `\`${JSON.stringify(value)}\``).join(' or ');
  if ('const' in variant) return `\`${JSON.stringify(variant['const'])}\``;
  const types = z.union([z.string().transform((type) => [type]), z.array(z.string())]).catch(['any']);
  return types
    .parse(variant['type'])
    .map((type) =>
      type === 'array' ? `array of ${typeOf(schemaRecord.catch({}).parse(variant['items']))}` : type,
    )
    .join(' or ');
}
