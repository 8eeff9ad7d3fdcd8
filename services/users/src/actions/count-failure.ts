import type { Ctx } from '@zoco/service';
import { addFailure, type Counters } from '../db/login-failures.ts';

/** Counts a failed password check, and says so in the log without saying whose. */
export async function countFailure(ctx: Ctx, counters: Counters): Promise<void> {
  await ctx.transact((tx) => addFailure(tx, counters));
  ctx.log.info({ event: 'login_failed', tenant: ctx.tenantId, network: counters.address }, 'login failed');
}
