import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { breakingChanges, explain, type Schemas } from './compatibility.ts';
import { definedSchemas } from './files.ts';
import type { JsonSchema } from './json-schema.ts';

const base = {
  id: z.string(),
  quantity: z.int().min(1).max(100),
  kind: z.enum(['card', 'transfer']),
  note: z.string().max(50).optional(),
  code: z.string().regex(/^[A-Z]+$/),
  address: z.strictObject({ city: z.string() }).nullable(),
  lines: z.array(z.object({ sku: z.string(), cents: z.int() })).max(10),
};

const schemasOf = (fields: z.ZodRawShape): Schemas => ({
  'thing.happened': z.toJSONSchema(z.object(fields), { io: 'input' }),
});
const changesTo = (fields: z.ZodRawShape) =>
  breakingChanges(schemasOf(base), schemasOf(fields)).map(({ path, reason }) => `${path} ${reason}`);

describe('refused', () => {
  const { note: _note, id: _id, ...withoutIdAndNote } = base;
  test.each<[string, z.ZodRawShape, string]>([
    ['a field is gone', { ...withoutIdAndNote, note: base.note }, 'thing.happened: id was removed'],
    ['an optional field is gone', { ...withoutIdAndNote, id: base.id }, 'thing.happened: note was removed'],
    ['optional became required', { ...base, note: z.string().max(50) }, 'note became required'],
    ['required became optional', { ...base, id: z.string().optional() }, 'id became optional'],
    ['a new field is required', { ...base, extra: z.string() }, 'extra is new and required'],
    ['another type', { ...base, id: z.int() }, 'id changed its type from string to integer'],
    ['integer became number', { ...base, quantity: z.number().min(1).max(100) }, 'from integer to number'],
    ['became nullable', { ...base, id: z.string().nullable() }, 'from string to null or string'],
    [
      'an object is no longer nullable',
      { ...base, address: z.strictObject({ city: z.string() }) },
      'address',
    ],
    ['an enumeration lost a value', { ...base, kind: z.enum(['card']) }, 'kind lost the value "transfer"'],
    ['a string became an enumeration', { ...base, id: z.enum(['a']) }, 'id became an enumeration'],
    [
      'a higher minimum',
      { ...base, quantity: z.int().min(2).max(100) },
      'quantity was narrowed by minimum 2',
    ],
    ['a lower maximum', { ...base, quantity: z.int().min(1).max(99) }, 'narrowed by maximum 99'],
    ['a shorter text', { ...base, note: z.string().max(49).optional() }, 'narrowed by maxLength 49'],
    ['a first limit', { ...base, id: z.string().max(10) }, 'id was narrowed by maxLength 10'],
    ['another pattern', { ...base, code: z.string().regex(/^[A-C]+$/) }, 'code was narrowed by pattern'],
    ['a first format', { ...base, id: z.email() }, 'narrowed by format'],
    ['fewer items', { ...base, lines: base.lines.max(9) }, 'lines was narrowed by maxItems 9'],
    [
      'deep in a list',
      { ...base, lines: z.array(z.object({ sku: z.string() })).max(10) },
      'thing.happened: lines[].cents was removed',
    ],
    [
      'more in an object that is closed',
      { ...base, address: z.strictObject({ city: z.string(), region: z.string().optional() }).nullable() },
      'address.region was added to an object that takes no unknown fields',
    ],
    [
      'an object was closed',
      { ...base, lines: z.array(z.strictObject({ sku: z.string(), cents: z.int() })).max(10) },
      'lines[] takes no unknown fields any more',
    ],
    [
      'a further variant',
      { ...base, address: z.union([z.strictObject({ city: z.string() }), z.string(), z.null()]) },
      'address changed its type: 2 variants became 3',
    ],
    ['another constant', { ...base, id: z.literal('1') }, 'id changed its only value'],
  ])('%s', (_what, fields, expected) => {
    const found = changesTo(fields);
    expect(found).toHaveLength(new Set(found).size);
    expect(found.join('\n')).toContain(expected);
  });

  test('an event that is gone, with the way out', () => {
    const changes = breakingChanges(schemasOf(base), {});
    expect(changes).toEqual([{ path: 'thing.happened', reason: 'the event is gone' }]);
    expect(explain(changes)).toMatch(/thing\.happened the event is gone\n.*new event with a name of its own/);
  });

  test('a keyword that the check does not know, instead of passing it by', () => {
    const odd = { 'thing.happened': { type: 'object', dependentRequired: { a: ['b'] } } };
    expect(() => breakingChanges(odd, odd)).toThrow(/dependentRequired/);
  });
});

describe('allowed', () => {
  test.each<[string, z.ZodRawShape]>([
    ['nothing changed', base],
    ['a new optional field', { ...base, extra: z.string().optional() }],
    ['a new field with a default', { ...base, extra: z.string().nullable().default(null) }],
    ['one more value of an enumeration', { ...base, kind: z.enum(['card', 'transfer', 'cash']) }],
    ['wider limits', { ...base, quantity: z.int().min(0).max(1000), note: z.string().optional() }],
    ['a description', { ...base, id: z.string().describe('who it is') }],
    [
      'more inside a list',
      {
        ...base,
        lines: z.array(z.object({ sku: z.string(), cents: z.int(), tax: z.int().optional() })).max(10),
      },
    ],
  ])('%s', (_what, fields) => {
    expect(changesTo(fields)).toEqual([]);
  });

  test('a new event', () => {
    expect(breakingChanges(schemasOf(base), { ...schemasOf(base), 'thing.new': {} })).toEqual([]);
  });
});

// The real contract, not a toy: whatever field of whatever event is taken away or retyped, the check sees it.
describe('every field of every event', () => {
  const fields = Object.entries(definedSchemas()).flatMap(([name, schema]) =>
    placesOf(schema, []).map((place) => ({ name, place, defined: { [name]: schema } })),
  );

  test('is guarded against removal', () => {
    expect(fields.length).toBeGreaterThan(200);
    for (const { name, place, defined } of fields) {
      const changed = edit(defined, name, place, () => undefined);
      expect(breakingChanges(defined, changed), `${name} ${place.join('.')}`).not.toEqual([]);
    }
  });

  test('is guarded against another type', () => {
    for (const { name, place, defined } of fields) {
      const changed = edit(defined, name, place, () => ({ type: 'boolean', const: 'never' }));
      expect(breakingChanges(defined, changed), `${name} ${place.join('.')}`).not.toEqual([]);
    }
  });
});

type Place = readonly (string | number)[];
type Json = Record<string | number, unknown>;

/** Paths of all `properties` entries below a schema. */
function placesOf(schema: unknown, at: Place): Place[] {
  const { properties, anyOf, items } = schema as {
    properties?: Json;
    anyOf?: readonly unknown[];
    items?: unknown;
  };
  const own = Object.entries(properties ?? {}).map(([key, value]) => ({
    place: [...at, 'properties', key],
    value,
  }));
  const variants = (anyOf ?? []).map((value, index) => ({ place: [...at, 'anyOf', index], value }));
  const item = items === undefined ? [] : [{ place: [...at, 'items'], value: items }];
  const below = [...own, ...variants, ...item].flatMap(({ place, value }) => placesOf(value, place));
  return [...own.map(({ place }) => place), ...below];
}

function edit(schemas: Schemas, name: string, place: Place, change: () => unknown): Schemas {
  const copy = structuredClone(schemas) as Record<string, JsonSchema>;
  const parent = place.slice(0, -1).reduce<Json>((value, key) => value[key] as Json, copy[name] as Json);
  const last = place.at(-1) ?? '';
  const next = change();
  if (next === undefined) delete parent[last];
  else parent[last] = next;
  return copy;
}
