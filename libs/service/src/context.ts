import type { ServiceName, TenantSettings } from '@zoco/contracts';
import type { TenantId } from '@zoco/kernel';
import type { Database, ReadTx, Sharing, Tx } from '@zoco/postgres';
import type { Principal } from './access-token.ts';
import type { Logger } from './log.ts';

/** What an action needs of the world: the tenant's door to the database, who acts, and the time. */
export interface Ctx {
  readonly tenant: TenantSettings;
  readonly tenantId: TenantId;
  /** The signed-in user or machine client; undefined on anonymous and internal calls. */
  readonly principal: Principal | undefined;
  readonly log: Logger;
  transact<T>(work: (tx: Tx) => Promise<T>): Promise<T>;
  /** Like `transact`, in one transaction with others of its kind that come at the same time (`Database.transactTogether`). */
  transactTogether<T>(sharing: Sharing, work: (tx: Tx) => Promise<T>): Promise<T>;
  read<T>(work: (tx: ReadTx) => Promise<T>): Promise<T>;
  now(): Date;
}

/** A Ctx whose user is known: routes with `signedIn` or `atLeast` have one. */
export interface UserCtx extends Ctx {
  readonly principal: Principal;
}

/** Variables of every request. */
export interface AppEnv {
  Variables: {
    requestId: string;
    log: Logger;
    principal: Principal | undefined;
    /** The calling service on internal routes. */
    caller: ServiceName | undefined;
    /** On routes with a tenant, which are all but `open` ones. */
    ctx: Ctx;
    /** On routes with `signedIn` or `atLeast`. */
    userCtx: UserCtx;
    /** Milliseconds (monotonic clock) at which the caller stops waiting. */
    deadlineMs: number;
  };
}

export function createCtx(options: {
  tenant: TenantSettings;
  principal: Principal | undefined;
  log: Logger;
  db: Database;
}): Ctx {
  const { tenant, db } = options;
  return {
    tenant,
    tenantId: tenant.id,
    principal: options.principal,
    log: options.log,
    transact: (work) => db.transact(tenant.id, work),
    transactTogether: (sharing, work) => db.transactTogether(tenant.id, sharing, work),
    read: (work) => db.read(tenant.id, work),
    now: () => new Date(),
  };
}
