import { randomBytes } from 'node:crypto';
import { Problem } from '@zoco/kernel';
import type { Ctx } from '@zoco/service';
import { useApiKey } from '../db/api-keys.ts';
import { hashToken } from '../opaque-token.ts';
import { API_KEY_TOKEN_SECONDS } from '../rules/api-key.ts';
import type { SigningKeys } from '../signing-keys.ts';

/** An access token for an API key. @throws Problem `api_key_invalid` */
export async function exchangeApiKey(
  ctx: Ctx,
  keys: SigningKeys,
  apiKey: string,
): Promise<{ accessToken: string; expiresInSeconds: number }> {
  const found = await ctx.transact((tx) => useApiKey(tx, hashToken(apiKey)));
  if (found === undefined || found.secondsLeft < 1) {
    throw new Problem('unauthenticated', 'api_key_invalid', 'The API key is not valid.');
  }
  const expiresInSeconds = Math.min(API_KEY_TOKEN_SECONDS, found.secondsLeft);
  const accessToken = await keys.sign({
    subject: found.id,
    tenantId: ctx.tenantId,
    roles: [found.role],
    scopes: found.scopes,
    tokenId: `${found.id}.${randomBytes(12).toString('base64url')}`,
    seconds: expiresInSeconds,
  });
  return { accessToken, expiresInSeconds };
}
