import type { ServiceName } from '@zoco/contracts';
import { API_PREFIX, METHODS, serviceOf } from './route-table.ts';

export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };
export type JsonObject = { readonly [key: string]: Json };

/** The OpenAPI document of one service. */
export interface ServiceDocument {
  readonly service: ServiceName;
  readonly document: JsonObject;
}

const REF = '#/components/';

/**
 * One document out of those of the services: their public paths, and the components that these need. Components of one name and
 * different content get the name of their service in front; operations get ids, by which generated clients name them.
 * @param head everything but paths, components and tags
 */
export function mergeOpenapi(head: JsonObject, services: readonly ServiceDocument[]): JsonObject {
  const renamed = services.map((one) => renameComponents(one, clashingNames(services)));
  const operations = renamed.flatMap(publicPaths);
  const paths = Object.fromEntries(operations.toSorted(([a], [b]) => compare(a, b)));
  const components = neededComponents(paths, renamed);
  const tags = [...new Set(Object.values(paths).flatMap(tagsOf))].toSorted(compare);
  return { ...head, tags: tags.map((name) => ({ name })), paths, components };
}

/** Paths that the gateway forwards to this service, or its own, with a tag and an id where they have none. */
function publicPaths({ service, document }: ServiceDocument): [string, JsonObject][] {
  return entriesOf(document['paths'])
    .filter(([path]) => service === 'gateway' || serviceOf(path) === service)
    .flatMap(([path, item]): [string, JsonObject][] => {
      const kept = entriesOf(item).map(([key, value]): [string, Json] =>
        isMethod(key) && isObject(value) ? [key, completed(service, key, path, value)] : [key, value],
      );
      const open = kept.filter(([, value]) => value !== INTERNAL);
      return open.some(([key]) => isMethod(key)) ? [[path, Object.fromEntries(open)]] : [];
    });
}

const INTERNAL: JsonObject = {};

function completed(service: ServiceName, method: string, path: string, operation: JsonObject): JsonObject {
  const access = operation['x-zoco-access'];
  if (isObject(access) && access['kind'] === 'internal') return INTERNAL;
  const named = Array.isArray(operation['tags']) && operation['tags'].length > 0;
  return {
    operationId: operationId(method, path),
    ...(named ? {} : { tags: [service] }),
    ...operation,
  };
}

/** `post /api/v1/orders/{id}/cancel` → `postOrdersByIdCancel` */
function operationId(method: string, path: string): string {
  const words = path
    .replace(API_PREFIX, '')
    .replaceAll(/\{(\w+)\}/g, 'by_$1')
    .split(/[^A-Za-z0-9]+/)
    .filter((word) => word !== '');
  return method + words.map((word) => word.charAt(0).toUpperCase() + word.slice(1)).join('');
}

// components

/** `schemas/Product` and the like, where services mean different things by it, directly or in what it refers to. */
function clashingNames(services: readonly ServiceDocument[]): ReadonlySet<string> {
  const versions = new Map<string, Json[]>();
  for (const { document } of services) {
    for (const [name, component] of componentsOf(document)) {
      versions.set(name, [...(versions.get(name) ?? []), component]);
    }
  }
  const shared = [...versions].filter(([, all]) => all.length > 1);
  const clashing = new Set(
    shared.filter(([, all]) => new Set(all.map(canonical)).size > 1).map(([name]) => name),
  );
  // What refers to a clashing name will refer to different components, so it clashes as well.
  for (let found = -1; found !== clashing.size;) {
    found = clashing.size;
    for (const [name, all] of shared) {
      if (all.some((component) => refsIn(component).some((ref) => clashing.has(ref)))) clashing.add(name);
    }
  }
  return clashing;
}

function renameComponents(
  { service, document }: ServiceDocument,
  clashing: ReadonlySet<string>,
): ServiceDocument {
  const rename = (name: string): string => {
    const [section = '', key = ''] = name.split('/');
    return clashing.has(name)
      ? `${section}/${service.charAt(0).toUpperCase()}${service.slice(1)}${key}`
      : name;
  };
  const components = componentsOf(document).map(([name, component]): [string, Json] => [
    rename(name),
    renameRefs(component, rename),
  ]);
  const paths = renameRefs(document['paths'] ?? {}, rename);
  return { service, document: { ...document, paths, components: bySection(components) } };
}

/** Those that the paths refer to, directly or not, and every security scheme that they name. */
function neededComponents(paths: JsonObject, services: readonly ServiceDocument[]): JsonObject {
  const all = new Map(services.flatMap(({ document }) => componentsOf(document)));
  const needed = new Set<string>();
  const pending = [...refsIn(paths), ...schemesIn(paths)];
  for (let name = pending.pop(); name !== undefined; name = pending.pop()) {
    const component = all.get(name);
    if (component === undefined || needed.has(name)) continue;
    needed.add(name);
    pending.push(...refsIn(component));
  }
  const kept = [...all].filter(([name]) => needed.has(name));
  return bySection(kept.toSorted(([a], [b]) => compare(a, b)));
}

function schemesIn(paths: JsonObject): string[] {
  return Object.values(paths)
    .flatMap((item) => entriesOf(item))
    .flatMap(([, operation]) => (isObject(operation) ? arrayOf(operation['security']) : []))
    .flatMap((requirement) => entriesOf(requirement).map(([name]) => `securitySchemes/${name}`));
}

function componentsOf(document: JsonObject): [string, Json][] {
  return entriesOf(document['components']).flatMap(([section, components]) =>
    entriesOf(components).map(([name, component]): [string, Json] => [`${section}/${name}`, component]),
  );
}

function bySection(components: readonly (readonly [string, Json])[]): JsonObject {
  const sections: Record<string, Record<string, Json>> = {};
  for (const [name, component] of components) {
    const [section = '', key = ''] = name.split('/');
    (sections[section] ??= {})[key] = component;
  }
  return sections;
}

// JSON

function refsIn(value: Json): string[] {
  if (isList(value)) return value.flatMap(refsIn);
  if (!isObject(value)) return [];
  return Object.entries(value).flatMap(([key, inner]) =>
    key === '$ref' && typeof inner === 'string' ? [inner.slice(REF.length)] : refsIn(inner),
  );
}

function renameRefs(value: Json, rename: (name: string) => string): Json {
  if (isList(value)) return value.map((inner) => renameRefs(inner, rename));
  if (!isObject(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => [
      key,
      key === '$ref' && typeof inner === 'string'
        ? REF + rename(inner.slice(REF.length))
        : renameRefs(inner, rename),
    ]),
  );
}

/** JSON with sorted keys: equal for equal content. */
function canonical(value: Json): string {
  return JSON.stringify(value, (_key, inner: unknown) =>
    typeof inner === 'object' && inner !== null && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).toSorted(([a], [b]) => compare(a, b)))
      : inner,
  );
}

function tagsOf(item: Json): string[] {
  return entriesOf(item).flatMap(([, operation]) =>
    isObject(operation) ? arrayOf(operation['tags']).filter((tag) => typeof tag === 'string') : [],
  );
}

function isMethod(key: string): boolean {
  return METHODS.some((method) => method === key);
}

function isList(value: Json | undefined): value is readonly Json[] {
  return Array.isArray(value);
}

function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !isList(value);
}

function arrayOf(value: Json | undefined): readonly Json[] {
  return isList(value) ? value : [];
}

function entriesOf(value: Json | undefined): [string, Json][] {
  return isObject(value) ? Object.entries(value) : [];
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
