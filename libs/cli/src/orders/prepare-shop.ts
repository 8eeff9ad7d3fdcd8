import { importSummary } from '@zoco/contracts';
import { z } from 'zod';
import { type Api, describe } from '../api.ts';
import { CliFailure } from '../failure.ts';
import { forEachConcurrently } from './concurrency.ts';
import type { PlannedCustomer, PlannedProduct } from './retail-plan.ts';

/** Ids of what the orders are about, by the names that the file gives. */
export interface Shop {
  readonly productIds: ReadonlyMap<string, string>;
  readonly customerIds: ReadonlyMap<string, string>;
}

const BATCH_MAX = 500;

/**
 * Creates the customers and products that are missing. What is there is left as it is, so that stock which orders have taken since
 * does not come back.
 * @throws CliFailure when something is refused
 */
export async function prepareShop(
  api: Api,
  concurrency: number,
  customers: readonly PlannedCustomer[],
  products: readonly PlannedProduct[],
): Promise<Shop> {
  const customerIds = await ensureCustomers(api, concurrency, customers);
  const productIds = await ensureProducts(api, products);
  return { productIds, customerIds };
}

/** The address under which a customer of the file is found again; `.example` belongs to nobody. */
export function emailOf(customer: string): string {
  return `customer-${customer}@online-retail.example`;
}

const customerAnswer = z.object({ id: z.string(), email: z.string() });

async function ensureCustomers(
  api: Api,
  concurrency: number,
  customers: readonly PlannedCustomer[],
): Promise<Map<string, string>> {
  const known = new Map(
    (await listAll(api, '/customers', customerAnswer)).map(({ email, id }) => [email, id]),
  );
  const ids = new Map<string, string>();
  await forEachConcurrently(customers, concurrency, async ({ id, country }) => {
    ids.set(id, known.get(emailOf(id)) ?? (await createCustomer(api, id, country)));
  });
  return ids;
}

async function createCustomer(api: Api, customer: string, country: string): Promise<string> {
  const json = {
    name: `Customer ${customer}, ${country}`,
    email: emailOf(customer),
    // From the range that Ofcom keeps for stories.
    phone: `+44 20 7946 0${customer.slice(-3).padStart(3, '0')}`,
  };
  const answer = await api.send({ method: 'POST', path: '/customers', json });
  if (answer.problem === undefined) return customerAnswer.parse(answer.body).id;
  throw new CliFailure(`Customer ${customer} could not be created: ${describe(answer)}.`);
}

const productAnswer = z.object({ id: z.string(), sku: z.string() });

async function ensureProducts(api: Api, products: readonly PlannedProduct[]): Promise<Map<string, string>> {
  const known = await listProductIds(api);
  const missing = products.filter(({ sku }) => !known.has(sku));
  for (let from = 0; from < missing.length; from += BATCH_MAX) {
    await importBatch(api, missing.slice(from, from + BATCH_MAX));
  }
  return missing.length === 0 ? known : listProductIds(api);
}

async function listProductIds(api: Api): Promise<Map<string, string>> {
  return new Map((await listAll(api, '/products', productAnswer)).map(({ sku, id }) => [sku, id]));
}

async function importBatch(api: Api, products: readonly PlannedProduct[]): Promise<void> {
  const lines = products.map(({ sku, stockCode, name, priceCents, unitsSold }) =>
    JSON.stringify({
      sku,
      name,
      price_cents: priceCents,
      stock: unitsSold,
      category: 'online retail',
      attributes: { stock_code: stockCode },
    }),
  );
  const answer = await api.send({
    method: 'POST',
    path: '/products/import',
    body: { type: 'application/x-ndjson', text: lines.join('\n') },
  });
  if (answer.problem !== undefined)
    throw new CliFailure(`The products could not be created: ${describe(answer)}.`);
  const [refused] = importSummary.parse(answer.body).refused;
  if (refused === undefined) return;
  const [error] = refused.errors;
  throw new CliFailure(
    `The product ${products[refused.line - 1]?.sku} was refused: ${error?.field} ${error?.detail}.`,
  );
}

async function listAll<T>(api: Api, path: string, item: z.ZodType<T>): Promise<T[]> {
  const page = z.object({ data: z.array(item), next_cursor: z.string().nullable() });
  const all: T[] = [];
  for (let cursor: string | null = ''; cursor !== null;) {
    const query: string = cursor === '' ? 'limit=100' : `limit=100&cursor=${encodeURIComponent(cursor)}`;
    const answer = await api.send({ method: 'GET', path: `${path}?${query}` });
    if (answer.problem !== undefined)
      throw new CliFailure(`${path} could not be listed: ${describe(answer)}.`);
    const { data, next_cursor } = page.parse(answer.body);
    for (const entry of data) all.push(entry);
    cursor = next_cursor;
  }
  return all;
}
