import { customerDeleted } from '@zoco/contracts';
import { record } from '@zoco/events';
import type { Ctx } from '@zoco/service';
import { lockCustomer, updateCustomer } from '../db/customers.ts';

/** Hides a customer; orders and invoices that name it keep their copy. @throws Problem `customer_not_found` */
export function deleteCustomer(ctx: Ctx, id: string): Promise<void> {
  return ctx.transact(async (tx) => {
    const customer = await lockCustomer(tx, id);
    const { version } = await updateCustomer(tx, customer.id, { deletedAt: ctx.now() });
    await record(tx, customerDeleted, { aggregateId: customer.id, version, data: { id: customer.id } });
  });
}
