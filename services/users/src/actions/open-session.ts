import { newId } from '@zoco/kernel';
import type { Tx } from '@zoco/postgres';
import { ACCESS_TOKEN_SECONDS } from '@zoco/service';
import { insertSession } from '../db/sessions.ts';
import type { User } from '../db/users.ts';
import { hashToken, newOpaqueToken } from '../opaque-token.ts';
import type { SigningKeys } from '../signing-keys.ts';

export interface SessionDeps {
  readonly keys: SigningKeys;
  /** How long a session lasts at most. */
  readonly sessionDays: number;
  /** How long a refresh token may lie unused. */
  readonly refreshTokenDays: number;
}

/** A user and the tokens of his session. */
export interface SignedIn {
  readonly user: User;
  readonly accessToken: string;
  readonly expiresInSeconds: number;
  readonly refreshToken: string;
}

/** Starts a session of a user, in the transaction that made sure that he may have one. */
export async function openSession(tx: Tx, deps: SessionDeps, user: User): Promise<SignedIn> {
  const sessionId = newId('session');
  const refreshToken = newOpaqueToken('zrt', tx.tenantId);
  const [accessToken] = await Promise.all([
    deps.keys.sign({
      subject: user.id,
      tenantId: tx.tenantId,
      roles: user.roles,
      tokenId: `${sessionId}.1`,
    }),
    insertSession(tx, {
      sessionId,
      userId: user.id,
      tokenHash: hashToken(refreshToken),
      sessionDays: deps.sessionDays,
      tokenDays: deps.refreshTokenDays,
    }),
  ]);
  return { user, accessToken, refreshToken, expiresInSeconds: ACCESS_TOKEN_SECONDS };
}
