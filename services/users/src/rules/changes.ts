/** What somebody asks to change: left out and undefined both mean that it stays. */
export type Wanted<T> = { readonly [K in keyof T]?: T[K] | undefined };

/**
 * The part of `wanted` that differs from what is; undefined when nothing does. An update that changes nothing raises no
 * version and records no event.
 */
export function changesOf<T extends object>(current: T, wanted: Wanted<T>): Partial<T> | undefined {
  const changes: Partial<T> = {};
  let found = false;
  for (const key in wanted) {
    const value = wanted[key];
    if (value === undefined || isSame(current[key], value)) continue;
    changes[key] = value;
    found = true;
  }
  return found ? changes : undefined;
}

/** Equality of JSON values, whatever the order of their keys: Postgres keeps another one than clients send. */
function isSame(one: unknown, other: unknown): boolean {
  if (one === other) return true;
  if (typeof one !== 'object' || typeof other !== 'object' || one === null || other === null) return false;
  if (Array.isArray(one) !== Array.isArray(other)) return false;
  const entries = Object.entries(one);
  const others = new Map(Object.entries(other));
  return (
    entries.length === others.size &&
    entries.every(([key, value]) => others.has(key) && isSame(value, others.get(key)))
  );
}
