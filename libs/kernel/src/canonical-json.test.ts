import fc from 'fast-check';
import { expect, test } from 'vitest';
import { canonicalJson } from './canonical-json.ts';

test('keys are sorted at every depth, and nothing else changes', () => {
  expect(canonicalJson({ b: [{ d: 1, c: 'ñ' }], a: null })).toBe('{"a":null,"b":[{"c":"ñ","d":1}]}');
});

test('what is undefined is left out, as JSON does', () => {
  expect(canonicalJson({ a: undefined, b: 1 })).toBe('{"b":1}');
});

test.each([[Number.NaN], [1n], [undefined], [[undefined]], [() => 1]])('%s is refused', (value) => {
  expect(() => canonicalJson(value)).toThrow(TypeError);
});

test('equal values give equal text whatever the order of their keys, and the text reads back', () => {
  fc.assert(
    fc.property(fc.dictionary(fc.string(), fc.jsonValue()), (value) => {
      const turned = Object.fromEntries(Object.entries(value).toReversed());
      expect(canonicalJson(turned)).toBe(canonicalJson(value));
      expect(JSON.parse(canonicalJson(value))).toEqual(JSON.parse(JSON.stringify(value)));
    }),
  );
});
