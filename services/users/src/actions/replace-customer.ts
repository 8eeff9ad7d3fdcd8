import { customerUpdated } from '@zoco/contracts';
import { record } from '@zoco/events';
import type { Ctx } from '@zoco/service';
import {
  type Customer,
  type CustomerData,
  customerSnapshotOf,
  lockCustomer,
  updateCustomer,
} from '../db/customers.ts';
import { changesOf } from '../rules/changes.ts';

/** Sets all data of a customer. @throws Problem `customer_not_found`, `customer_email_taken` */
export function replaceCustomer(ctx: Ctx, id: string, data: CustomerData): Promise<Customer> {
  return ctx.transact(async (tx) => {
    const customer = await lockCustomer(tx, id);
    const changes = changesOf<CustomerData>(customer, data);
    if (changes === undefined) return customer;
    const changed = await updateCustomer(tx, customer.id, changes);
    const { id: aggregateId, version } = changed;
    await record(tx, customerUpdated, { aggregateId, version, data: customerSnapshotOf(changed) });
    return changed;
  });
}
