import { z } from '@hono/zod-openapi';
import { addressField } from '@zoco/contracts';
import {
  addressInput,
  atLeast,
  createRouter,
  decodeCursor,
  defineRoute,
  encodeCursor,
  pageOf,
  pageQuery,
  toPage,
} from '@zoco/service';
import { createCustomer } from '../actions/create-customer.ts';
import { deleteCustomer } from '../actions/delete-customer.ts';
import { replaceCustomer } from '../actions/replace-customer.ts';
import {
  type Customer,
  type CustomerData,
  customerSnapshotOf,
  getCustomer,
  listCustomers,
} from '../db/customers.ts';
import { jsonContent } from './json-content.ts';
import { emailField, lineField } from './user-schema.ts';

const exampleAddress = { line1: 'Calle Mayor 1', city: 'Madrid', postal_code: '28013', country: 'ES' };

const customerInput = z
  .strictObject({
    name: lineField(200),
    email: emailField.openapi({ description: 'One customer per address and tenant.' }),
    phone: z
      .string()
      .trim()
      .regex(/^\+?[0-9() .\-/]{3,40}$/, 'must be a telephone number'),
    tax_id: lineField(40).nullable().optional(),
    billing_address: addressInput.nullable().optional(),
    payment_terms_days: z
      .int()
      .min(0)
      .max(365)
      .nullable()
      .optional()
      .openapi({ description: 'Days to pay an invoice; null takes those of the tenant.' }),
  })
  .openapi('CustomerInput', {
    example: {
      name: 'Tech Solutions Inc',
      email: 'contact@techsolutions.example',
      phone: '+1-555-0200',
      tax_id: '12-3456789',
      billing_address: exampleAddress,
      payment_terms_days: 30,
    },
  });

const customerSchema = z
  .object({
    id: z.string().openapi({ example: 'cus_01jqb3k5xwf7kt3qk5v1y6zj3m' }),
    name: z.string(),
    email: z.string(),
    phone: z.string().nullable(),
    tax_id: z.string().nullable(),
    billing_address: addressField.nullable(),
    payment_terms_days: z.int().nullable(),
    version: z.int().openapi({ description: 'Counts the changes.' }),
    created_at: z.string(),
    updated_at: z.string(),
  })
  .openapi('Customer');

const customerView = (customer: Customer): z.infer<typeof customerSchema> => ({
  ...customerSnapshotOf(customer),
  created_at: customer.createdAt.toISOString(),
  updated_at: customer.updatedAt.toISOString(),
});

const dataOf = (input: z.infer<typeof customerInput>): CustomerData => ({
  name: input.name,
  email: input.email,
  phone: input.phone,
  taxId: input.tax_id ?? null,
  billingAddress: input.billing_address ?? null,
  paymentTermsDays: input.payment_terms_days ?? null,
});

const params = z.object({ id: z.string().max(64).openapi({ example: 'cus_01jqb3k5xwf7kt3qk5v1y6zj3m' }) });
const listQuery = z.strictObject({
  ...pageQuery,
  search: lineField(100).optional().openapi({ description: 'Part of name, e-mail address or tax id.' }),
});
const cursorKey = z.tuple([z.string()]);
const tags = ['customers'];

const createRoute = defineRoute({
  method: 'post',
  path: '/api/v1/customers',
  access: atLeast('staff', 'customers:write'),
  summary: 'Create a customer',
  description:
    'A company that staff sell to; it has no login. 409 `customer_email_taken` for a known address.',
  tags,
  request: { body: jsonContent(customerInput) },
  responses: { 201: { description: 'The customer.', ...jsonContent(customerSchema) } },
  problems: [409],
});

const listRoute = defineRoute({
  method: 'get',
  path: '/api/v1/customers',
  access: atLeast('staff', 'customers:read'),
  summary: 'List customers, newest first',
  tags,
  request: { query: listQuery },
  responses: { 200: { description: 'A page of customers.', ...jsonContent(pageOf(customerSchema)) } },
});

const getRoute = defineRoute({
  method: 'get',
  path: '/api/v1/customers/{id}',
  access: atLeast('staff', 'customers:read'),
  summary: 'One customer',
  tags,
  request: { params },
  responses: { 200: { description: 'The customer.', ...jsonContent(customerSchema) } },
  problems: [404],
});

const replaceRoute = defineRoute({
  method: 'put',
  path: '/api/v1/customers/{id}',
  access: atLeast('staff', 'customers:write'),
  summary: 'Replace a customer',
  description: 'What is left out is emptied. Orders and invoices keep the data that they were made with.',
  tags,
  request: { params, body: jsonContent(customerInput) },
  responses: { 200: { description: 'The customer as it is now.', ...jsonContent(customerSchema) } },
  problems: [404, 409],
});

const deleteRoute = defineRoute({
  method: 'delete',
  path: '/api/v1/customers/{id}',
  access: atLeast('staff', 'customers:write'),
  summary: 'Delete a customer',
  tags,
  request: { params },
  responses: { 204: { description: 'The customer is gone.' } },
  problems: [404],
});

export function customerRoutes() {
  const router = createRouter();

  router.openapi(createRoute, async (c) => {
    const customer = await createCustomer(c.var.ctx, dataOf(c.req.valid('json')));
    return c.json(customerView(customer), 201);
  });

  router.openapi(listRoute, async (c) => {
    const { limit, cursor, search } = c.req.valid('query');
    const scope = JSON.stringify(['customers', search]);
    const [after] = cursor ? decodeCursor(cursor, scope, cursorKey) : [];
    const rows = await c.var.ctx.read((tx) => listCustomers(tx, { limit, search, after }));
    const page = toPage(rows, limit, (last) => encodeCursor(scope, [last.id]));
    return c.json({ ...page, data: page.data.map(customerView) }, 200);
  });

  router.openapi(getRoute, async (c) => {
    const customer = await c.var.ctx.read((tx) => getCustomer(tx, c.req.valid('param').id));
    return c.json(customerView(customer), 200);
  });

  router.openapi(replaceRoute, async (c) => {
    const { id } = c.req.valid('param');
    return c.json(customerView(await replaceCustomer(c.var.ctx, id, dataOf(c.req.valid('json')))), 200);
  });

  router.openapi(deleteRoute, async (c) => {
    await deleteCustomer(c.var.ctx, c.req.valid('param').id);
    return c.body(null, 204);
  });

  return router;
}
