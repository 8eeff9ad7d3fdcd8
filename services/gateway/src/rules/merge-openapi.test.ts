import { describe, expect, test } from 'vitest';
import { type JsonObject, mergeOpenapi, type ServiceDocument } from './merge-openapi.ts';

const ref = (name: string) => ({ $ref: `#/components/schemas/${name}` });
const answers = (schema: JsonObject) => ({
  200: { description: 'ok', content: { 'application/json': { schema } } },
});

const problem = { type: 'object', properties: { code: { type: 'string' } } };
// The same problem with its keys in another order.
const sameProblem = { properties: { code: { type: 'string' } }, type: 'object' };

const catalog: ServiceDocument = {
  service: 'catalog',
  document: {
    paths: {
      '/api/v1/products': {
        get: {
          tags: ['products'],
          responses: answers(ref('ProductList')),
          security: [{}, { accessToken: [] }],
        },
        post: { operationId: 'addProduct', responses: answers(ref('Product')) },
      },
      '/api/v1/orders': { get: { responses: answers(ref('Product')) } },
      '/internal/products/lookup': { post: { responses: answers(ref('Product')) } },
      '/health': { get: { responses: {} } },
    },
    components: {
      schemas: {
        Product: { type: 'object', properties: { id: { type: 'string' } } },
        ProductList: { type: 'array', items: ref('Product') },
        Problem: problem,
        Unused: { type: 'string' },
      },
      securitySchemes: { accessToken: { type: 'http', scheme: 'bearer' }, serviceToken: { type: 'http' } },
    },
  },
};
const orders: ServiceDocument = {
  service: 'orders',
  document: {
    paths: {
      '/api/v1/orders/{id}/cancel': {
        post: { responses: { ...answers(ref('ProductList')), 409: answers(ref('Problem'))[200] } },
        delete: { 'x-zoco-access': { kind: 'internal', call: 'release' }, responses: {} },
      },
      '/api/v1/orders/secret': { put: { 'x-zoco-access': { kind: 'internal' }, responses: {} } },
    },
    components: {
      schemas: {
        // As text the same as the catalog's, but its Product is another one.
        ProductList: { type: 'array', items: ref('Product') },
        Product: { type: 'string' },
        Problem: sameProblem,
      },
    },
  },
};
const own: ServiceDocument = {
  service: 'gateway',
  document: {
    paths: { '/status': { get: { responses: answers(ref('Problem')) } } },
    components: { schemas: { Problem: problem } },
  },
};

const merged = JSON.parse(JSON.stringify(mergeOpenapi({ openapi: '3.1.0' }, [own, catalog, orders])));

describe('mergeOpenapi', () => {
  test('has the public paths of each service and those of the gateway', () => {
    expect(Object.keys(merged.paths)).toEqual(['/api/v1/orders/{id}/cancel', '/api/v1/products', '/status']);
    expect(Object.keys(merged.paths['/api/v1/orders/{id}/cancel'])).toEqual(['post']);
  });

  test('keeps apart what has one name and two meanings, directly or by what it refers to', () => {
    expect(Object.keys(merged.components.schemas)).toEqual([
      'CatalogProduct',
      'CatalogProductList',
      'OrdersProduct',
      'OrdersProductList',
      'Problem',
    ]);
    expect(merged.components.schemas.OrdersProductList.items).toEqual(ref('OrdersProduct'));
    const answer = merged.paths['/api/v1/products'].get.responses[200];
    expect(answer.content['application/json'].schema).toEqual(ref('CatalogProductList'));
  });

  test('has the security schemes that are used, and every reference leads somewhere', () => {
    expect(Object.keys(merged.components.securitySchemes)).toEqual(['accessToken']);
    for (const [, name] of JSON.stringify(merged).matchAll(/#\/components\/schemas\/(\w+)/g)) {
      expect(Object.keys(merged.components.schemas)).toContain(name);
    }
  });

  test('names operations for generated clients, and files them under a tag', () => {
    const { get, post } = merged.paths['/api/v1/products'];
    expect([get.operationId, get.tags]).toEqual(['getProducts', ['products']]);
    expect([post.operationId, post.tags]).toEqual(['addProduct', ['catalog']]);
    const cancel = merged.paths['/api/v1/orders/{id}/cancel'].post;
    expect([cancel.operationId, cancel.tags]).toEqual(['postOrdersByIdCancel', ['orders']]);
    expect(merged.tags).toEqual([
      { name: 'catalog' },
      { name: 'gateway' },
      { name: 'orders' },
      { name: 'products' },
    ]);
  });

  test('does not depend on the order of the services', () => {
    const turned = mergeOpenapi({ openapi: '3.1.0' }, [orders, own, catalog]);
    expect(turned).toEqual(merged);
  });
});
