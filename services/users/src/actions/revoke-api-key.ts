import type { UserCtx } from '@zoco/service';
import { revokeApiKeyRow } from '../db/api-keys.ts';

/** Ends an API key; tokens it was exchanged for die within minutes. @throws Problem `api_key_not_found` */
export async function revokeApiKey(ctx: UserCtx, id: string): Promise<void> {
  await ctx.transact((tx) => revokeApiKeyRow(tx, id));
  ctx.log.info({ event: 'api_key_revoked', by: ctx.principal.id, api_key_id: id }, 'API key revoked');
}
