import { type Id, newId } from '@zoco/kernel';
import type { Scope, UserCtx } from '@zoco/service';
import { type ApiKey, insertApiKey } from '../db/api-keys.ts';
import { hashToken, newOpaqueToken } from '../opaque-token.ts';
import { type ApiKeyRole, assertKeyAllowed } from '../rules/api-key.ts';
import type { Actor } from './identify-actor.ts';

export interface NewApiKeyInput {
  readonly name: string;
  readonly role: ApiKeyRole;
  readonly scopes: Scope[];
  readonly days: number;
}

/** Makes a key for a machine client. The key itself is in this answer and nowhere else. @throws Problem `api_key_above_own`, `api_key_scope_useless` */
export async function createApiKey(
  ctx: UserCtx,
  actor: Actor & { readonly id: Id<'user'> },
  input: NewApiKeyInput,
): Promise<{ apiKey: ApiKey; key: string }> {
  assertKeyAllowed(actor.roles, input.role, input.scopes);
  const key = newOpaqueToken('zk', ctx.tenantId);
  const row = { id: newId('apiKey'), keyHash: hashToken(key), createdBy: actor.id, ...input };
  const apiKey = await ctx.transact((tx) => insertApiKey(tx, row));
  const { id, role, scopes } = apiKey;
  ctx.log.info({ event: 'api_key_created', by: actor.id, api_key_id: id, role, scopes }, 'API key created');
  return { apiKey, key };
}
