import { expect, test } from 'vitest';
import { decideRefresh, GRACE_SECONDS, type ShownToken } from './refresh.ts';

const fresh: ShownToken = {
  rotatedAgoSeconds: null,
  replayed: false,
  successorUsed: false,
  expired: false,
  sessionEnded: false,
  userMaySignIn: true,
};

test.each<[string, Partial<ShownToken>, ReturnType<typeof decideRefresh>]>([
  ['first use', {}, 'rotate'],
  ['expired before its first use', { expired: true }, 'refuse'],
  ['the session has ended', { sessionEnded: true }, 'refuse'],
  ['the user may not sign in', { userMaySignIn: false }, 'refuse'],
  ['used a moment ago: the answer was lost', { rotatedAgoSeconds: 0.1 }, 'replay'],
  ['at the end of the grace', { rotatedAgoSeconds: GRACE_SECONDS }, 'replay'],
  ['after the grace', { rotatedAgoSeconds: GRACE_SECONDS + 0.1 }, 'reuse'],
  ['a third time within the grace', { rotatedAgoSeconds: 1, replayed: true }, 'reuse'],
  [
    'the successor was used, so the answer was not lost',
    { rotatedAgoSeconds: 1, successorUsed: true },
    'reuse',
  ],
  ['a stolen old one, long expired', { rotatedAgoSeconds: 9999, expired: true }, 'reuse'],
  ['nothing more to end', { rotatedAgoSeconds: 9999, sessionEnded: true }, 'refuse'],
])('%s', (_name, change, decision) => expect(decideRefresh({ ...fresh, ...change })).toBe(decision));
