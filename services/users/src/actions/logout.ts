import type { Ctx } from '@zoco/service';
import { revokeSessionOfToken } from '../db/sessions.ts';
import { hashToken } from '../opaque-token.ts';

/** Ends the session of a refresh token. Of one that is not known there is nothing to end, which is the same (RFC 7009). */
export async function logout(ctx: Ctx, refreshToken: string): Promise<void> {
  await ctx.transact((tx) => revokeSessionOfToken(tx, hashToken(refreshToken)));
}
