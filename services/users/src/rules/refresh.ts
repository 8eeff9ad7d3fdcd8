/** How long a rotated token still gets the same answer: a client whose answer was lost on the way asks again. */
export const GRACE_SECONDS = 10;

/** A refresh token that somebody shows, and what became of it. */
export interface ShownToken {
  /** Null while it has not been used. */
  readonly rotatedAgoSeconds: number | null;
  /** Its answer has been given a second time already. */
  readonly replayed: boolean;
  /** Its successor has been used, so the answer did arrive. */
  readonly successorUsed: boolean;
  readonly expired: boolean;
  readonly sessionEnded: boolean;
  readonly userMaySignIn: boolean;
}

/**
 * What to do with a refresh token: give a new pair, give the same pair once more, end the whole session because two parties
 * hold the token (RFC 9700, section 4.14.2), or refuse.
 */
export function decideRefresh(token: ShownToken): 'rotate' | 'replay' | 'reuse' | 'refuse' {
  if (token.sessionEnded || !token.userMaySignIn) return 'refuse';
  if (token.rotatedAgoSeconds === null) return token.expired ? 'refuse' : 'rotate';
  const lostAnswer = token.rotatedAgoSeconds <= GRACE_SECONDS && !token.replayed && !token.successorUsed;
  return lostAnswer ? 'replay' : 'reuse';
}
