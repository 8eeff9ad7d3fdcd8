import { Problem } from '@zoco/kernel';
import type { Tx } from '@zoco/postgres';
import { ACCESS_TOKEN_SECONDS, type Ctx } from '@zoco/service';
import { z } from 'zod';
import { lockToken, markReplayed, revokeSession, rotateToken, type TokenRow } from '../db/sessions.ts';
import { findUser, type User } from '../db/users.ts';
import { refreshes } from '../metrics.ts';
import { hashToken, newOpaqueToken } from '../opaque-token.ts';
import { decideRefresh } from '../rules/refresh.ts';
import { keyFromToken, seal, unseal } from '../sealing.ts';
import type { SessionDeps, SignedIn } from './open-session.ts';

const successorPair = z.object({ accessToken: z.string(), refreshToken: z.string() });

/**
 * Gives a new pair of tokens for a refresh token, which is worth nothing from then on; shown again, it ends the session.
 * Within ten seconds it gives the same pair once more, for the client whose answer was lost.
 * @throws Problem `refresh_token_invalid`, `refresh_token_reused`
 */
export async function refreshSession(ctx: Ctx, deps: SessionDeps, refreshToken: string): Promise<SignedIn> {
  const tokenHash = hashToken(refreshToken);
  const outcome = await ctx.transact(async (tx) => {
    const token = await lockToken(tx, tokenHash);
    if (token === undefined) return 'refuse';
    const user = await findUser(tx, token.user_id);
    const decision = decideRefresh({
      rotatedAgoSeconds: token.rotated_ago_seconds,
      replayed: token.replayed,
      successorUsed: token.successor_used,
      expired: token.expired,
      sessionEnded: token.session_ended,
      userMaySignIn: user?.active ?? false,
    });
    if (decision === 'refuse' || user === undefined) return 'refuse';
    if (decision === 'rotate') {
      return { decision, signedIn: await rotate(tx, deps, { refreshToken, tokenHash, token, user }) };
    }
    if (decision === 'replay') {
      return { decision, signedIn: await replay(tx, { refreshToken, tokenHash, token, user }) };
    }
    await revokeSession(tx, token.session_id);
    ctx.log.warn(
      { event: 'refresh_token_reused', user: user.id, session: token.session_id },
      'session ended',
    );
    return 'reuse';
  });
  refreshes.inc({ outcome: typeof outcome === 'string' ? outcome : outcome.decision });
  // Thrown after the commit: the end of the session must stay.
  if (outcome === 'reuse') {
    throw new Problem(
      'unauthenticated',
      'refresh_token_reused',
      'This refresh token was used before. Its session has ended: sign in again.',
    );
  }
  if (outcome === 'refuse') {
    throw new Problem('unauthenticated', 'refresh_token_invalid', 'The refresh token is not valid.');
  }
  return outcome.signedIn;
}

interface Shown {
  readonly refreshToken: string;
  readonly tokenHash: string;
  readonly token: TokenRow;
  readonly user: User;
}

async function rotate(tx: Tx, deps: SessionDeps, { refreshToken, tokenHash, token, user }: Shown) {
  const generation = token.generation + 1;
  const pair = {
    refreshToken: newOpaqueToken('zrt', tx.tenantId),
    accessToken: await deps.keys.sign({
      subject: user.id,
      tenantId: tx.tenantId,
      roles: user.roles,
      tokenId: `${token.session_id}.${generation}`,
    }),
  };
  await rotateToken(
    tx,
    { tokenHash, successorSealed: seal(keyFromToken(refreshToken), JSON.stringify(pair), tokenHash) },
    {
      tokenHash: hashToken(pair.refreshToken),
      sessionId: token.session_id,
      generation,
      tokenDays: deps.refreshTokenDays,
    },
  );
  return { user, ...pair, expiresInSeconds: ACCESS_TOKEN_SECONDS };
}

async function replay(tx: Tx, { refreshToken, tokenHash, token, user }: Shown): Promise<SignedIn> {
  const sealed = unseal(keyFromToken(refreshToken), token.successor_sealed ?? '', tokenHash);
  const pair = successorPair.parse(JSON.parse(sealed));
  await markReplayed(tx, tokenHash);
  const ageSeconds = Math.ceil(token.rotated_ago_seconds ?? 0);
  return { user, ...pair, expiresInSeconds: ACCESS_TOKEN_SECONDS - ageSeconds };
}
