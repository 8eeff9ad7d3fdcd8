const SECRETS: ReadonlySet<string> = new Set([
  'authorization',
  'cookie',
  'password',
  'token',
  'access_token',
  'refresh_token',
  'payment_token',
  'client_secret',
  'api_key',
  'secret',
  'stripe-signature',
]);

const CENSOR = '[redacted]';
const DEPTH_MAX = 5;

type Fields = Readonly<Record<string, unknown>>;

/**
 * The same fields where none is named like a secret, up to five levels deep; else a copy with those replaced. pino's own redaction
 * copies every line along every path, which takes fifteen times as long as writing it.
 */
export function withoutSecrets(fields: Fields): Record<string, unknown> {
  return redacted(fields, DEPTH_MAX) ?? fields;
}

/** The copy, or undefined when there is nothing to hide. */
function redacted(fields: object, depth: number): Record<string, unknown> | undefined {
  // What writes itself, as a time does, is one value and has no fields.
  if (depth === 0 || 'toJSON' in fields) return undefined;
  let copy: Record<string, unknown> | undefined;
  for (const [name, field] of Object.entries(fields)) {
    const replaced = SECRETS.has(name) ? CENSOR : isObject(field) ? redacted(field, depth - 1) : undefined;
    if (replaced !== undefined) (copy ??= { ...fields })[name] = replaced;
  }
  return copy;
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}
