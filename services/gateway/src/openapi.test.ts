import { readFile } from 'node:fs/promises';
import { SERVICE_NAMES } from '@zoco/contracts';
import { Validator } from '@seriousme/openapi-schema-validator';
import { describe, expect, test } from 'vitest';
import { buildRouteTable, METHODS, routedDocument, serviceOf } from './rules/route-table.ts';

const text = await readFile(new URL('../openapi.json', import.meta.url), 'utf8');
const document = JSON.parse(text);

type Operation = {
  operationId: string;
  tags: string[];
  summary?: string;
  requestBody?: { content: Record<string, unknown> };
};
const operations: [string, Operation][] = Object.entries<Record<string, Operation>>(document.paths).flatMap(
  ([path, item]) =>
    METHODS.flatMap((method): [string, Operation][] => {
      const operation = item[method];
      return operation ? [[`${method.toUpperCase()} ${path}`, operation]] : [];
    }),
);

describe('the committed document', () => {
  test('is valid OpenAPI 3.1', async () => {
    const result = await new Validator().validate(JSON.parse(text));
    expect(result.errors ?? []).toEqual([]);
    expect(result.valid).toBe(true);
    expect(document.openapi).toMatch(/^3\.1\./);
  });

  test('tells nothing of the inside', () => {
    expect(Object.keys(document.paths).filter((path) => path.includes('/internal'))).toEqual([]);
    expect(text).not.toContain('serviceToken');
  });

  test('has an id and a summary for every operation, and each id once', () => {
    const ids = operations.map(([, { operationId }]) => operationId);
    expect(new Set(ids).size).toBe(ids.length);
    expect(operations.filter(([, { summary }]) => !summary).map(([name]) => name)).toEqual([]);
  });

  test('is what the gateway routes by: every path of the API has a service', () => {
    const apiPaths = Object.keys(document.paths).filter((path) => path.startsWith('/api/'));
    for (const path of apiPaths) expect(SERVICE_NAMES).toContain(serviceOf(path));
    expect(() => buildRouteTable(routedDocument.parse(document))).not.toThrow();
  });
});
