import { customerUpdated } from '@zoco/contracts';
import { type EventHandler, on } from '@zoco/events';
import { keepCustomer } from '../actions/keep-customer.ts';

export const onCustomerUpdated = (): EventHandler =>
  on(customerUpdated, (tx, { data }) => keepCustomer(tx, data));
