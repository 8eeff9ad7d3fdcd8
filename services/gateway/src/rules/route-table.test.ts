import { describe, expect, test } from 'vitest';
import { testDocument } from '../../fixtures/test-document.ts';
import { buildRouteTable, matchRoute, routedDocument, serviceOf } from './route-table.ts';

const table = buildRouteTable(routedDocument.parse(testDocument));

function match(method: string, path: string) {
  const found = matchRoute(table, method, path.slice(1).split('/'));
  if (found.kind === 'found') return `${found.operation.service} ${found.operation.template}`;
  return found.kind === 'not_found' ? 'not found' : `use ${found.methods.join(' ')}`;
}

describe('serviceOf: the longest prefix wins, by whole segments', () => {
  test.each([
    ['/api/v1/purchases', 'orders'],
    ['/api/v1/purchases/checkout', 'cart'],
    ['/api/v1/purchases/analytics/summary', 'orders'],
    ['/api/v1/purchasesx', undefined],
    ['/api/v1/cart/items/{product_id}', 'cart'],
    ['/api/v1/internal/tenants', undefined],
    ['/internal/tenants', undefined],
    ['/products', undefined],
  ])('%s → %s', (path, service) => {
    expect(serviceOf(path)).toBe(service);
  });
});

describe('matchRoute', () => {
  test.each([
    ['GET', '/api/v1/products', 'catalog /api/v1/products'],
    ['HEAD', '/api/v1/products', 'catalog /api/v1/products'],
    ['GET', '/api/v1/products/prd_1', 'catalog /api/v1/products/{id}'],
    ['GET', '/api/v1/products/search', 'catalog /api/v1/products/search'],
    ['DELETE', '/api/v1/products/search', 'catalog /api/v1/products/{id}'],
    ['PUT', '/api/v1/products/search', 'use DELETE GET HEAD PATCH'],
    ['DELETE', '/api/v1/products', 'use GET HEAD POST'],
    ['POST', '/api/v1/cart/checkout', 'cart /api/v1/cart/checkout'],
    ['GET', '/api/v1/products/', 'not found'],
    ['GET', '/api/v1/Products', 'not found'],
    ['GET', '/api/v1/products/a/b', 'not found'],
    ['GET', '/internal/tenants', 'not found'],
    ['GET', '/api/v1/internal/tenants', 'not found'],
    ['GET', '/api/v1', 'not found'],
    ['GET', '/', 'not found'],
  ])('%s %s → %s', (method, path, expected) => {
    expect(match(method, path)).toBe(expected);
  });

  test('tells what kind of traffic an operation is', () => {
    const operationOf = (method: string, path: string) => {
      const found = matchRoute(table, method, path.slice(1).split('/'));
      return found.kind === 'found' ? found.operation : undefined;
    };
    expect(operationOf('POST', '/api/v1/products/import')).toMatchObject({ traffic: 'upload' });
    expect(operationOf('GET', '/api/v1/orders/ord_1/events')).toMatchObject({ traffic: 'stream' });
    expect(operationOf('POST', '/api/v1/orders')).toMatchObject({ traffic: 'ordinary', checkout: true });
    expect(operationOf('GET', '/api/v1/orders')).toMatchObject({ checkout: false });
    expect(operationOf('POST', '/api/v1/payments/webhooks/stripe')).toMatchObject({
      webhook: true,
      open: true,
    });
    expect(operationOf('POST', '/api/v1/users/login')).toMatchObject({ open: false, webhook: false });
  });
});
