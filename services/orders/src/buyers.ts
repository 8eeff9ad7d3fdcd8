import { customerSnapshot, type CustomerSnapshot, userSnapshot } from '@zoco/contracts';
import type { TenantId } from '@zoco/kernel';
import type { CallService } from '@zoco/service';

/** Who an invoice goes to. */
export interface Buyer {
  readonly email: string;
  readonly name: string;
  /** The B2B customer with its terms, as it is now. */
  readonly customer: CustomerSnapshot | null;
}

export interface Buyers {
  /**
   * @throws Problem `customer_not_found` or `user_not_found`, as `users` says
   * @throws CallOutcomeUnknown when `users` does not answer
   */
  find(tenantId: TenantId, order: { userId: string | null; customerId: string | null }): Promise<Buyer>;
}

// A name that changed a minute ago may still stand on an order; a customer's terms may not, so those are always asked for.
const KEEP_MS = 60_000;
const KEPT_MAX = 10_000;

export function createBuyers(call: CallService): Buyers {
  const kept = new Map<string, { buyer: Buyer; untilMs: number }>();

  async function findUser(tenantId: TenantId, userId: string): Promise<Buyer> {
    const key = `${tenantId} ${userId}`;
    const known = kept.get(key);
    if (known && known.untilMs > performance.now()) return known.buyer;
    const user = await call('getUser', userSnapshot, { tenantId, params: { user_id: userId } });
    const buyer = { email: user.email, name: `${user.first_name} ${user.last_name}`.trim(), customer: null };
    if (kept.size >= KEPT_MAX) kept.clear();
    kept.set(key, { buyer, untilMs: performance.now() + KEEP_MS });
    return buyer;
  }

  async function findCustomer(tenantId: TenantId, customerId: string): Promise<Buyer> {
    const customer = await call('getCustomer', customerSnapshot, {
      tenantId,
      params: { customer_id: customerId },
    });
    return { email: customer.email, name: customer.name, customer };
  }

  return {
    find(tenantId, { userId, customerId }) {
      if (customerId !== null) return findCustomer(tenantId, customerId);
      if (userId !== null) return findUser(tenantId, userId);
      throw new Error('an order has a user or a customer');
    },
  };
}
