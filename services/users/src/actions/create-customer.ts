import { customerCreated } from '@zoco/contracts';
import { record } from '@zoco/events';
import { newId } from '@zoco/kernel';
import type { Ctx } from '@zoco/service';
import { type Customer, type CustomerData, customerSnapshotOf, insertCustomer } from '../db/customers.ts';

/** @throws Problem `customer_email_taken` */
export function createCustomer(ctx: Ctx, data: CustomerData): Promise<Customer> {
  return ctx.transact(async (tx) => {
    const customer = await insertCustomer(tx, newId('customer'), data);
    const { id: aggregateId, version } = customer;
    await record(tx, customerCreated, { aggregateId, version, data: customerSnapshotOf(customer) });
    return customer;
  });
}
