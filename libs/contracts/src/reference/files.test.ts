import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { Ajv } from 'ajv';
import { Ajv2020 } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import { describe, expect, test } from 'vitest';
import { EVENTS, HANDLES, WATCHES } from '../graph.ts';
import { SERVICE_NAMES } from '../services.ts';
import { asyncapiDocument } from './asyncapi.ts';
import { breakingChanges, explain } from './compatibility.ts';
import { CHART_GRAPH_FILE, chartGraph } from './chart-graph.ts';
import { CHART_PERMISSIONS_FILE, chartPermissions } from './chart-permissions.ts';
import { withDiagram } from './diagram.ts';
import { ARCHITECTURE_PAGE, definedSchemas, EVENTS_FOLDER, referenceFiles, writtenSchemas } from './files.ts';
import { dataSchema, envelopeJsonSchema, exampleMessage } from './json-schema.ts';

const asyncapiSchema: object = createRequire(import.meta.url)(
  '@asyncapi/specs/schemas/3.0.0-without-$id.json',
);

describe('what is written', () => {
  test('promises nothing that the definitions break', () => {
    const changes = breakingChanges(writtenSchemas(EVENTS_FOLDER), definedSchemas());
    expect(changes, explain(changes)).toEqual([]);
  });

  test.each([...referenceFiles()])('%s is what the definitions say (npm run generate)', (name, text) => {
    expect(readFileSync(new URL(name, EVENTS_FOLDER), 'utf8')).toBe(text);
  });

  test('docs/architecture.md shows the call graph as it is (npm run generate)', () => {
    const page = readFileSync(ARCHITECTURE_PAGE, 'utf8');
    expect(page).toBe(withDiagram(page));
  });

  test('the chart has the call graph as it is (npm run generate)', () => {
    expect(readFileSync(CHART_GRAPH_FILE, 'utf8')).toBe(chartGraph());
  });

  test('the chart has the permissions on NATS as they are (npm run generate)', () => {
    expect(readFileSync(CHART_PERMISSIONS_FILE, 'utf8')).toBe(chartPermissions());
  });

  test('is the same each time', () => {
    expect([...referenceFiles()]).toEqual([...referenceFiles()]);
  });
});

describe('JSON Schemas', () => {
  const ajv = new Ajv2020({ strict: true, allErrors: true, allowUnionTypes: true });
  addFormats.default(ajv);
  const envelope = ajv.compile(envelopeJsonSchema());

  test.each(EVENTS.map((event) => [event.type, event] as const))('%s accepts its example', (_type, event) => {
    const data = ajv.compile(dataSchema(event));
    expect(data(event.example), ajv.errorsText(data.errors)).toBe(true);
    expect(envelope(exampleMessage(event)), ajv.errorsText(envelope.errors)).toBe(true);
    expect(data({}), 'an empty object is no event').toBe(false);
  });

  test('the envelope refuses a foreign id, a local time and a tenant that is none', () => {
    const [event] = EVENTS;
    const message = event === undefined ? {} : (exampleMessage(event) as object);
    const wrong = { id: 'ord_1', time: '2026-11-22T10:15:00+01:00', tenantid: 'A B' };
    for (const [name, value] of Object.entries(wrong)) {
      expect(envelope({ ...message, [name]: value }), name).toBe(false);
    }
  });
});

describe('AsyncAPI', () => {
  const document = asyncapiDocument();

  test('is valid AsyncAPI 3.0', () => {
    const ajv = new Ajv({ strict: false, allErrors: true });
    addFormats.default(ajv);
    const validate = ajv.compile(asyncapiSchema);
    expect(validate(document), ajv.errorsText(validate.errors)).toBe(true);
    expect(validate({ ...document, channels: { x: { address: 7 } } }), 'the validator bites').toBe(false);
  });

  test('has an operation for everybody who publishes, handles or watches', () => {
    const expected = [
      ...EVENTS.map((event) => `${event.producer}-publishes-${event.type}`),
      ...SERVICE_NAMES.flatMap((service) => [
        ...HANDLES[service].map((event) => `${service}-handles-${event.type}`),
        ...WATCHES[service].map((event) => `${service}-watches-${event.type}`),
      ]),
    ];
    expect(Object.keys(document['operations'] as object).toSorted()).toEqual(expected.toSorted());
  });

  test('refers to nothing that is not there', () => {
    const references = [...JSON.stringify(document).matchAll(/"\$ref":"#\/([^"]+)"/g)].map(
      ([, path = '']) => path,
    );
    expect(references.length).toBeGreaterThan(EVENTS.length * 4);
    for (const path of references) {
      const found = path
        .split('/')
        .reduce<unknown>((value, key) => (value as Record<string, unknown> | undefined)?.[key], document);
      expect(found, path).toBeDefined();
    }
  });
});
