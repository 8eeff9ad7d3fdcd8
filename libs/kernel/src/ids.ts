import { typeidUnboxed } from 'typeid-js';

/** Prefix of every kind of id; the prefix is part of the public contract and never changes. */
export const ID_PREFIXES = {
  user: 'usr',
  session: 'ses',
  apiKey: 'key',
  customer: 'cus',
  product: 'prd',
  stockMove: 'stm',
  cart: 'crt',
  order: 'ord',
  payment: 'pay',
  refund: 'ref',
  journal: 'jrn',
  invoice: 'inv',
  event: 'evt',
} as const;

export type IdKind = keyof typeof ID_PREFIXES;

/** A TypeID of one kind. Branded, so that an order id cannot be passed where a payment id is due. */
export type Id<K extends IdKind> = string & { readonly __kind: K };

// 26 characters of Crockford base32 hold 130 bits; the first may only be 0-7, else it overflows a UUID.
const SUFFIX = /^[0-7][0-9a-hjkmnp-tv-z]{25}$/;

/**
 * A new id: prefix and UUIDv7, so ids of one kind sort by time of creation.
 * @see https://github.com/jetify-com/typeid/tree/main/spec
 */
export function newId<K extends IdKind>(kind: K): Id<K> {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the one place that gives a new id its brand
  return typeidUnboxed(ID_PREFIXES[kind]) as string as Id<K>;
}

/** Whether `value` is a well-formed id of `kind`. Says nothing of whether the thing exists. */
export function isId<K extends IdKind>(kind: K, value: unknown): value is Id<K> {
  if (typeof value !== 'string') return false;
  const prefix = `${ID_PREFIXES[kind]}_`;
  return value.startsWith(prefix) && SUFFIX.test(value.slice(prefix.length));
}
