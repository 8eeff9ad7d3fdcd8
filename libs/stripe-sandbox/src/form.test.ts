import { describe, expect, test } from 'vitest';
import { metadataOf, optionalBoolean, optionalInteger, parseForm, texts } from './form.ts';

describe('parseForm', () => {
  test.each([
    ['a=1&b=2', { a: '1', b: '2' }],
    ['metadata[order_id]=ord_1', { metadata: { order_id: 'ord_1' } }],
    ['a[b][c]=x', { a: { b: { c: 'x' } } }],
    ['expand[]=a&expand[]=b', { expand: { 0: 'a', 1: 'b' } }],
    ['expand[0]=a&expand[1]=b', { expand: { 0: 'a', 1: 'b' } }],
    ['text=a%20b%26c', { text: 'a b&c' }],
    ['', {}],
  ])('%s', (text, expected) => {
    expect(parseForm(text)).toEqual(expected);
  });

  test.each(['__proto__[x]=1', 'a[__proto__]=1', 'a[b][c][d][e][f]=1', '[a]=1'])('refuses %s', (text) => {
    expect(() => parseForm(text)).toThrow('Received unknown parameter');
  });
});

test('values are what they claim to be', () => {
  const form = parseForm('amount=12&wrong=1.5&yes=true&maybe=1&expand[]=latest_charge');
  expect(optionalInteger(form, 'amount')).toBe(12);
  expect(() => optionalInteger(form, 'wrong')).toThrow('Invalid integer: 1.5');
  expect(optionalBoolean(form, 'yes')).toBe(true);
  expect(() => optionalBoolean(form, 'maybe')).toThrow('Invalid boolean: 1');
  expect(texts(form, 'expand')).toEqual(['latest_charge']);
  expect(texts(form, 'missing')).toEqual([]);
});

test('metadata keeps to its limits', () => {
  expect(metadataOf(parseForm('metadata[a]=1'))).toEqual({ a: '1' });
  expect(() => metadataOf(parseForm(`metadata[a]=${'x'.repeat(501)}`))).toThrow('too long');
  const many = Array.from({ length: 51 }, (_, index) => `metadata[k${index}]=1`).join('&');
  expect(() => metadataOf(parseForm(many))).toThrow('at most 50');
});
