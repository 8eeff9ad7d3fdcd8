import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseTarget, queryValue, segmentsOf } from './request-target.ts';

describe('parseTarget', () => {
  test.each([
    ['/api/v1/products', '/api/v1/products', ''],
    ['/api/v1/products?q=a/../b&x=%2f', '/api/v1/products', '?q=a/../b&x=%2f'],
    ['/.well-known/jwks.json', '/.well-known/jwks.json', ''],
    ['/api/v1/products/caf%C3%A9', '/api/v1/products/caf%C3%A9', ''],
    ['/a/...', '/a/...', ''],
    ['/a/.b', '/a/.b', ''],
  ])('takes %s', (target, path, query) => {
    expect(parseTarget(target)).toEqual({ path, query });
  });

  test.each([
    '',
    '*',
    'http://other.example/api/v1/products',
    '//other.example/api',
    '/api/v1//products',
    '/api/v1/./products',
    '/api/v1/../internal/tenants',
    '/api/v1/%2e%2e/internal',
    '/api/v1/.%2E/internal',
    '/api/v1/products/..',
    '/api/v1/..%2finternal',
    '/api\\v1',
    '/api/v1/products%5c..',
    '/api/v1/products/%00',
    '/api/v1/products/%0d%0aset-cookie',
    '/api/v1/products/%7F',
    '/api/v1/products/%',
    '/api/v1/products/%zz',
    '/api/v1/products/%ff',
    '/api/v1/products#x',
    '/api/v1/products?x#y',
    '/api/v1/pro ducts',
    '/api/v1/prodúcts',
    '/api/v1/"',
  ])('refuses %s', (target) => {
    expect(parseTarget(target)).toBeUndefined();
  });

  test('whatever it takes, a URL parser reads the same path', () => {
    const piece = fc.constantFrom(
      'a',
      '.',
      '..',
      '%2e',
      '%2E',
      '/',
      '\\',
      '%2f',
      '%5c',
      '%',
      'é',
      '~',
      ';',
      ':',
      '@',
      '#',
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => {
        const target = `/${pieces.join('')}`;
        const parsed = parseTarget(target);
        return parsed === undefined || new URL(target, 'http://service').pathname === parsed.path;
      }),
      { numRuns: 5000 },
    );
  });
});

test('segments are decoded, so that an escaped literal finds the same route', () => {
  expect(segmentsOf('/api/v1/%70roducts')).toEqual(['api', 'v1', 'products']);
});

describe('queryValue', () => {
  test.each([
    ['?tenant_id=acme', 'acme'],
    ['?a=1&tenant_id=ac%6De&tenant_id=other', 'acme'],
    ['?tenant_idx=acme', undefined],
    ['', undefined],
    ['?tenant_id=', ''],
  ])('%s', (query, expected) => {
    expect(queryValue(query, 'tenant_id')).toBe(expected);
  });
});
