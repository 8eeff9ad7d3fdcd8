import { readdirSync, readFileSync } from 'node:fs';
import { z } from 'zod';
import { EVENTS } from '../graph.ts';
import { asyncapiDocument } from './asyncapi.ts';
import type { Schemas } from './compatibility.ts';
import { dataSchema, envelopeJsonSchema } from './json-schema.ts';
import { referencePage } from './page.ts';

/** Where the reference lies; what is committed there is what readers of events rely on. */
export const EVENTS_FOLDER = new URL('../../../../docs/events/', import.meta.url);

/** The page with the picture of the call graph. */
export const ARCHITECTURE_PAGE = new URL('../../../../docs/architecture.md', import.meta.url);

const SCHEMA_FILE = '.schema.json';

/** The schemas that the definitions say now. */
export function definedSchemas(): Schemas {
  return {
    envelope: envelopeJsonSchema(),
    ...Object.fromEntries(EVENTS.map((event) => [event.type, dataSchema(event)])),
  };
}

/** The schemas in the folder. */
export function writtenSchemas(folder: URL): Schemas {
  const names = readdirSync(folder).filter((name) => name.endsWith(SCHEMA_FILE));
  return Object.fromEntries(
    names.map((name) => [
      name.slice(0, -SCHEMA_FILE.length),
      z.record(z.string(), z.unknown()).parse(JSON.parse(readFileSync(new URL(name, folder), 'utf8'))),
    ]),
  );
}

/** Every file of the reference with its text: the same definitions always give the same bytes. */
export function referenceFiles(): ReadonlyMap<string, string> {
  return new Map([
    ['README.md', referencePage()],
    ['asyncapi.json', json(asyncapiDocument())],
    ...Object.entries(definedSchemas()).map(([name, schema]): [string, string] => [
      `${name}${SCHEMA_FILE}`,
      json(schema),
    ]),
  ]);
}

function json(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}
