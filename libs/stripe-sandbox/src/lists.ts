import { type Form, optionalForm, optionalInteger, optionalText } from './form.ts';
import { invalidParam } from './stripe-fault.ts';

const LIMIT_DEFAULT = 10;
const LIMIT_MAX = 100;

export const LIST_PARAMS = ['limit', 'starting_after', 'ending_before', 'created', 'expand'];

interface Listed {
  readonly id: string;
  readonly created: number;
}

/**
 * One page of a list, newest first, with Stripe's cursors.
 * @param url path of the list
 * @param view how one record looks on the wire
 * @see https://docs.stripe.com/api/pagination
 */
export function listOf<T extends Listed>(
  records: Iterable<T>,
  form: Form,
  url: string,
  view: (record: T) => unknown,
) {
  const limit = optionalInteger(form, 'limit') ?? LIMIT_DEFAULT;
  if (limit < 1 || limit > LIMIT_MAX) {
    throw invalidParam('limit', 'parameter_invalid_integer', 'Limit must be between 1 and 100.');
  }
  const inRange = createdFilter(form);
  const after = optionalText(form, 'starting_after');
  const before = optionalText(form, 'ending_before');
  const page: T[] = [];
  let started = after === undefined;
  let more = false;
  for (const record of records) {
    if (record.id === before) break;
    const within = inRange(record.created);
    // Newest first: what is older than the range ends the walk.
    if (within === 'older') break;
    if (started && within === 'inside') {
      if (page.length === limit) {
        more = true;
        if (before === undefined) break;
        page.shift();
      }
      page.push(record);
    }
    if (record.id === after) started = true;
  }
  return { object: 'list', url, has_more: more, data: page.map(view) };
}

function createdFilter(form: Form): (created: number) => 'older' | 'inside' | 'newer' {
  const exact = typeof form['created'] === 'string' ? optionalInteger(form, 'created') : undefined;
  const range = exact === undefined ? (optionalForm(form, 'created') ?? {}) : {};
  const lowest = exact ?? optionalInteger(range, 'gte') ?? plus(optionalInteger(range, 'gt'), 1) ?? 0;
  const highest =
    exact ??
    optionalInteger(range, 'lte') ??
    plus(optionalInteger(range, 'lt'), -1) ??
    Number.MAX_SAFE_INTEGER;
  return (created) => {
    if (created < lowest) return 'older';
    return created > highest ? 'newer' : 'inside';
  };
}

const plus = (value: number | undefined, by: number) => (value === undefined ? undefined : value + by);
