import { type OrderStatus, orderState } from '@zoco/contracts';
import { type Id, Problem, type TenantId } from '@zoco/kernel';
import type { Database } from '@zoco/postgres';
import type { CallService, Failpoint, Logger } from '@zoco/service';
import { settlementOf } from '../rules/stale-reservation.ts';
import { settleReservations } from './settle-reservations.ts';

export interface ReaperDeps {
  readonly db: Database;
  readonly call: CallService;
  readonly log: Logger;
  readonly failpoint: Failpoint;
  /** Called for products whose stock changed. */
  readonly onChange: (tenantId: TenantId, productIds: readonly string[]) => void;
}

interface Stale {
  readonly tenant_id: TenantId;
  readonly order_id: Id<'order'>;
}

const BATCH_MAX = 50;

/**
 * Asks orders about reservations that are held for longer than most orders wait, and does what the order says. Never ends one
 * by the clock alone: the buyer may be paying. A safety net for events that got lost; any number of replicas may run it.
 * @returns how many were ended
 */
export async function reapReservations(deps: ReaperDeps): Promise<number> {
  const stale = await claimStale(deps.db);
  const ended = await Promise.all(stale.map((one) => reap(deps, one)));
  return ended.filter(Boolean).length;
}

/**
 * Takes what is due, longest overdue first: however many rightly wait for days, all get their turn. The longer one is held, the
 * later it is due again, up to an hour, so that one replica keeps up with 3,000 of those; of more, each waits longer.
 */
function claimStale(db: Database): Promise<Stale[]> {
  return db.work(
    (tx) => tx.sql<Stale[]>`
    update reservations r
    set due_at = now() + least(greatest((now() - created_at) / 4, interval '5 minutes'), interval '1 hour')
    from (select tenant_id, order_id from reservations where state = 'held' and due_at <= now()
          order by due_at limit ${BATCH_MAX} for update skip locked) stale
    where r.tenant_id = stale.tenant_id and r.order_id = stale.order_id
    returning r.tenant_id, r.order_id`,
  );
}

async function reap(deps: ReaperDeps, { tenant_id, order_id }: Stale): Promise<boolean> {
  const log = deps.log.child({ tenant_id, order_id });
  try {
    const settlement = settlementOf(await askOrder(deps.call, tenant_id, order_id));
    if (settlement === undefined) return false;
    const changed = await deps.db.transact(tenant_id, (tx) =>
      settleReservations(tx, [{ orderId: order_id }], settlement, deps.failpoint),
    );
    deps.onChange(tenant_id, changed);
    log.warn({ settlement }, 'a forgotten reservation was ended');
    return true;
  } catch (error) {
    log.warn({ err: error }, 'a reservation that is held for long could not be settled; tried again later');
    return false;
  }
}

async function askOrder(
  call: CallService,
  tenantId: TenantId,
  orderId: Id<'order'>,
): Promise<OrderStatus | undefined> {
  try {
    const { status } = await call('getOrderState', orderState, { params: { order_id: orderId }, tenantId });
    return status;
  } catch (error) {
    if (error instanceof Problem && error.kind === 'not_found') return undefined;
    throw error;
  }
}
