import { existsSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { SERVICE_NAMES } from '@zoco/contracts';
import { openapiDocument } from '@zoco/service';
import { z } from 'zod';
import { routers } from './app.ts';
import { type JsonObject, mergeOpenapi, type ServiceDocument } from './rules/merge-openapi.ts';

// Writes openapi.json of the whole API from the committed documents of the services; those that have none are left out.

const INFO = {
  title: 'Zoco',
  version: '0.1.0',
  summary: 'Multi-tenant commerce: users, catalog, cart, orders, payments, invoices.',
  description: [
    'Every request is about one tenant. A token decides which; without one, name it with the header `X-Tenant`, with `tenant_id` in query or body, or by the host name.',
    'Sign in with `POST /api/v1/users/login` and send the access token as `Authorization: Bearer …`. Machine clients send an API key the same way, or as `X-Api-Key`.',
    'Amounts are integers in minor units with their currency, times are RFC 3339 in UTC, lists are `{ data, next_cursor }`. Unknown fields are refused.',
    'Failures are problem documents (RFC 9457) with a stable `code`. Quote `X-Request-Id` to support.',
    'Orders, payments, checkout and invoices take an `Idempotency-Key`: the same key with the same body is done once and answered alike.',
    'Rates are limited per user and per tenant: `RateLimit-Policy` and `RateLimit` tell how much is left, 429 comes with `Retry-After`.',
  ].join('\n\n'),
  license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
};

const json: z.ZodType<JsonObject> = z.record(z.string(), z.json());

async function readDocuments(): Promise<ServiceDocument[]> {
  const documents: ServiceDocument[] = [ownDocument()];
  for (const service of SERVICE_NAMES) {
    const file = new URL(`../../${service}/openapi.json`, import.meta.url);
    if (service === 'gateway' || !existsSync(file)) continue;
    documents.push({ service, document: json.parse(JSON.parse(await readFile(file, 'utf8'))) });
  }
  return documents;
}

function ownDocument(): ServiceDocument {
  const unused = (): never => {
    throw new Error('only the definitions of the routes are used here');
  };
  const document = openapiDocument(
    [
      ...routers({
        version: INFO.version,
        checkServices: unused,
        readDeployments: unused,
        keys: { get: unused },
      }),
    ],
    { title: INFO.title, version: INFO.version, description: INFO.description },
  );
  return { service: 'gateway', document: json.parse(JSON.parse(JSON.stringify(document))) };
}

const head = {
  openapi: '3.1.0',
  info: INFO,
  servers: [{ url: '/', description: 'The gateway that serves this document' }],
};
const merged = mergeOpenapi(head, await readDocuments());
await writeFile(new URL('../openapi.json', import.meta.url), `${JSON.stringify(merged, null, 2)}\n`);
