import { z } from 'zod';
import type { JsonSchema } from './json-schema.ts';

/** Schemas by name: the type of an event, or `envelope`. */
export type Schemas = Readonly<Record<string, JsonSchema>>;

/** A change that would break a reader. `path` is the field, `product.created: price_cents`. */
export interface BreakingChange {
  readonly path: string;
  readonly reason: string;
}

/**
 * What of `after` would break somebody who reads events by `before`, or make `after` refuse events that were written by
 * `before`: events are kept and replayed, and during a rollout both versions run side by side.
 */
export function breakingChanges(before: Schemas, after: Schemas): BreakingChange[] {
  return Object.entries(before).flatMap(([name, old]) => {
    const now = after[name];
    if (now === undefined) return [{ path: name, reason: 'the event is gone' }];
    return compare(node.parse(old), node.parse(now), `${name}:`);
  });
}

/** The changes for people, with the way out. */
export function explain(changes: readonly BreakingChange[]): string {
  return [
    'These changes would break who reads the events:',
    ...changes.map(({ path, reason }) => `  ${path} ${reason}`),
    'Keep the old definition and publish the new shape as a new event with a name of its own (or add an optional field).',
  ].join('\n');
}

// The keywords that zod writes; an unknown one fails the parse instead of going unchecked.
const ANNOTATIONS = ['$schema', '$id', 'title', 'description', 'examples', 'default'] as const;
const schemaRecord = z.record(z.string(), z.unknown());
const node = z.strictObject({
  type: z
    .union([z.string().transform((type) => [type]), z.array(z.string())])
    .transform((types) => types.toSorted())
    .optional(),
  properties: z.record(z.string(), schemaRecord).optional(),
  required: z.array(z.string()).optional(),
  additionalProperties: z.union([z.boolean(), schemaRecord]).optional(),
  propertyNames: schemaRecord.optional(),
  items: schemaRecord.optional(),
  anyOf: z.array(schemaRecord).optional(),
  enum: z.array(z.unknown()).optional(),
  const: z.unknown().optional(),
  format: z.string().optional(),
  pattern: z.string().optional(),
  minimum: z.number().optional(),
  maximum: z.number().optional(),
  exclusiveMinimum: z.number().optional(),
  exclusiveMaximum: z.number().optional(),
  minLength: z.number().optional(),
  maxLength: z.number().optional(),
  minItems: z.number().optional(),
  maxItems: z.number().optional(),
  ...Object.fromEntries(ANNOTATIONS.map((name) => [name, z.unknown().optional()])),
});
type Node = z.output<typeof node>;

function compare(before: Node, after: Node, path: string): BreakingChange[] {
  return [
    ...compareTypes(before, after, path),
    ...compareVariants(before, after, path),
    ...compareValues(before, after, path),
    ...compareLimits(before, after, path),
    ...compareFields(before, after, path),
    ...compareItems(before, after, path),
  ];
}

function compareTypes(before: Node, after: Node, path: string): BreakingChange[] {
  const [old, now] = [before.type, after.type].map((types) => types?.join(' or ') ?? 'any type');
  return old === now ? [] : [{ path, reason: `changed its type from ${old} to ${now}` }];
}

/** Nullable objects and the like: each old variant must find one that takes it, and no new kind may come. */
function compareVariants(before: Node, after: Node, path: string): BreakingChange[] {
  const [old, now] = [before, after].map((side) => (side.anyOf ?? []).map((one) => node.parse(one)));
  if (old === undefined || now === undefined || (old.length === 0 && now.length === 0)) return [];
  if (old.length !== now.length) {
    return [{ path, reason: `changed its type: ${old.length || 1} variants became ${now.length || 1}` }];
  }
  return old.flatMap((variant) => {
    const results = now.map((candidate) => compare(variant, candidate, path));
    // Of several that do not fit, the one that is nearest says what changed.
    return results.toSorted((a, b) => a.length - b.length)[0] ?? [];
  });
}

function compareValues(before: Node, after: Node, path: string): BreakingChange[] {
  if (JSON.stringify(before.const) !== JSON.stringify(after.const)) {
    return [{ path, reason: 'changed its only value' }];
  }
  if (after.enum === undefined)
    return before.enum === undefined ? [] : [{ path, reason: 'is no longer an enumeration' }];
  if (before.enum === undefined) return [{ path, reason: 'became an enumeration' }];
  const kept = new Set(after.enum);
  return before.enum
    .filter((value) => !kept.has(value))
    .map((value) => ({ path, reason: `lost the value ${JSON.stringify(value)}` }));
}

const LOWER_LIMITS = ['minimum', 'exclusiveMinimum', 'minLength', 'minItems'] as const;
const UPPER_LIMITS = ['maximum', 'exclusiveMaximum', 'maxLength', 'maxItems'] as const;
const FORMS = ['pattern', 'format'] as const;

function compareLimits(before: Node, after: Node, path: string): BreakingChange[] {
  const narrowed = [
    ...LOWER_LIMITS.filter((name) => (after[name] ?? -Infinity) > (before[name] ?? -Infinity)),
    ...UPPER_LIMITS.filter((name) => (after[name] ?? Infinity) < (before[name] ?? Infinity)),
    ...FORMS.filter((name) => after[name] !== undefined && after[name] !== before[name]),
  ];
  return narrowed.map((name) => ({ path, reason: `was narrowed by ${name} ${JSON.stringify(after[name])}` }));
}

function compareFields(before: Node, after: Node, path: string): BreakingChange[] {
  const [old, now] = [before.properties ?? {}, after.properties ?? {}];
  const mustHave = new Set(after.required);
  const hadToHave = new Set(before.required);
  const place = (name: string) => (path.endsWith(':') ? `${path} ${name}` : `${path}.${name}`);
  const gone = Object.keys(old).filter((name) => !(name in now));
  const added = Object.keys(now).filter((name) => !(name in old));
  const kept = Object.entries(old).filter(([name]) => name in now);
  const wasClosed = before.additionalProperties === false;
  return [
    ...gone.map((name) => ({ path: place(name), reason: 'was removed' })),
    ...added
      .filter((name) => mustHave.has(name))
      .map((name) => ({ path: place(name), reason: 'is new and required: events that exist lack it' })),
    ...(wasClosed ? added : []).map((name) => ({
      path: place(name),
      reason: 'was added to an object that takes no unknown fields: its readers would refuse it',
    })),
    ...(after.additionalProperties === false && !wasClosed
      ? [{ path, reason: 'takes no unknown fields any more' }]
      : []),
    ...kept.flatMap(([name, field]) => [
      ...compareNecessity(hadToHave.has(name), mustHave.has(name), place(name)),
      ...compare(node.parse(field), node.parse(now[name]), place(name)),
    ]),
  ];
}

function compareNecessity(before: boolean, after: boolean, path: string): BreakingChange[] {
  if (before === after) return [];
  const reason = after
    ? 'became required: events that exist may lack it'
    : 'became optional: readers rely on it';
  return [{ path, reason }];
}

function compareItems(before: Node, after: Node, path: string): BreakingChange[] {
  if (before.items === undefined || after.items === undefined) return [];
  return compare(node.parse(before.items), node.parse(after.items), `${path}[]`);
}
