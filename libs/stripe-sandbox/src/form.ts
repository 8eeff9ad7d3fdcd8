import { invalidParam, missingParam, unknownParam } from './stripe-fault.ts';

/** A form-encoded body or query as a tree: `metadata[order]=1&expand[]=a` is `{ metadata: { order: '1' }, expand: { 0: 'a' } }`. */
export interface Form {
  [key: string]: string | Form;
}

const DEPTH_MAX = 5;

/** Parses Stripe's form encoding: nested keys in brackets, lists as `[]` or `[0]`. */
export function parseForm(text: string): Form {
  const root: Form = {};
  for (const [name, value] of new URLSearchParams(text)) {
    const path = name.split('[').map((part, index) => (index === 0 ? part : part.replace(/\]$/, '')));
    if (path.length > DEPTH_MAX || path[0] === '' || path.includes('__proto__')) throw unknownParam(name);
    assign(root, path, value);
  }
  return root;
}

function assign(root: Form, path: readonly string[], value: string): void {
  let node = root;
  path.forEach((part, index) => {
    const key = part === '' ? String(Object.keys(node).length) : part;
    if (index === path.length - 1) {
      node[key] = value;
      return;
    }
    const next = Object.hasOwn(node, key) ? node[key] : undefined;
    if (typeof next === 'object') node = next;
    else {
      const child: Form = {};
      node[key] = child;
      node = child;
    }
  });
}

/** Refuses parameters that the endpoint does not have, as Stripe does. */
export function allowOnly(form: Form, names: readonly string[]): void {
  for (const name of Object.keys(form)) if (!names.includes(name)) throw unknownParam(name);
}

export function optionalText(form: Form, name: string): string | undefined {
  const value = form[name];
  if (value === undefined || value === '') return undefined;
  if (typeof value !== 'string') throw invalidParam(name, 'parameter_invalid_string', 'Invalid string');
  return value;
}

export function requiredText(form: Form, name: string): string {
  const value = optionalText(form, name);
  if (value === undefined) throw missingParam(name);
  return value;
}

export function optionalInteger(form: Form, name: string): number | undefined {
  const value = optionalText(form, name);
  if (value === undefined) return undefined;
  if (!/^-?\d{1,15}$/.test(value)) {
    throw invalidParam(name, 'parameter_invalid_integer', `Invalid integer: ${value}`);
  }
  return Number(value);
}

export function optionalBoolean(form: Form, name: string): boolean | undefined {
  const value = optionalText(form, name);
  if (value === undefined) return undefined;
  if (value !== 'true' && value !== 'false') {
    throw invalidParam(name, 'parameter_invalid_boolean', `Invalid boolean: ${value}`);
  }
  return value === 'true';
}

export function optionalForm(form: Form, name: string): Form | undefined {
  const value = form[name];
  if (value === undefined || value === '') return undefined;
  if (typeof value === 'string') throw invalidParam(name, 'parameter_invalid_hash', 'Invalid object');
  return value;
}

/** Texts of a list parameter. */
export function texts(form: Form, name: string): string[] {
  const list = optionalForm(form, name);
  if (list === undefined) return [];
  return Object.keys(list).map((key) => requiredText(list, key));
}

const METADATA_KEYS_MAX = 50;

/** @see https://docs.stripe.com/api/metadata */
export function metadataOf(form: Form): Record<string, string> {
  const given = optionalForm(form, 'metadata') ?? {};
  const entries = Object.entries(given);
  if (entries.length > METADATA_KEYS_MAX) {
    throw invalidParam('metadata', 'metadata_too_many_keys', 'Metadata can have at most 50 keys per object.');
  }
  return Object.fromEntries(
    entries.map(([key, value]): [string, string] => {
      if (typeof value !== 'string' || key.length > 40 || value.length > 500) {
        throw invalidParam(`metadata[${key}]`, 'metadata_invalid', 'Metadata keys or values are too long.');
      }
      return [key, value];
    }),
  );
}
