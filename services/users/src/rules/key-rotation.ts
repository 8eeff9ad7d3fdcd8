/** `next` is published before it signs, `previous` after: whoever caches the key set always knows the key at hand. */
export const KEY_STATES = ['next', 'current', 'previous'] as const;
export type KeyState = (typeof KEY_STATES)[number];

export interface SigningKeyAge {
  readonly kid: string;
  readonly state: KeyState;
  /** Time since it took this state. */
  readonly inStateSeconds: number;
}

/** What is to be done, in this order. */
export interface RotationPlan {
  readonly drop: readonly string[];
  /** Was current, stays published until its last token has expired. */
  readonly retire: string | undefined;
  /** Was next, signs from now on. */
  readonly promote: string | undefined;
  readonly create: readonly ('current' | 'next')[];
}

/** `age` rotates when it is time, `now` at once, `revoke` forgets every key: tokens signed by them are void. */
export type RotationReason = 'age' | 'now' | 'revoke';

// Longer than verifiers keep a key set before they look again.
const PUBLISHED_SECONDS_MIN = 600;
// An access token lives 15 minutes; the rest is for clocks and for replicas that learn of the rotation late.
const PREVIOUS_SECONDS = 1800;

/** @param rotateAfterSeconds age at which the current key is replaced */
export function planRotation(
  keys: readonly SigningKeyAge[],
  rotateAfterSeconds: number,
  reason: RotationReason,
): RotationPlan {
  if (reason === 'revoke') {
    return {
      drop: keys.map(({ kid }) => kid),
      retire: undefined,
      promote: undefined,
      create: ['current', 'next'],
    };
  }
  const current = keys.find(({ state }) => state === 'current');
  const next = keys.find(({ state }) => state === 'next');
  const drop = keys
    .filter(({ state, inStateSeconds }) => state === 'previous' && inStateSeconds >= PREVIOUS_SECONDS)
    .map(({ kid }) => kid);
  if (current === undefined) {
    return {
      drop,
      retire: undefined,
      promote: next?.kid,
      create: next === undefined ? ['current', 'next'] : ['next'],
    };
  }
  if (next === undefined) return { drop, retire: undefined, promote: undefined, create: ['next'] };
  const isDue = current.inStateSeconds >= rotateAfterSeconds && next.inStateSeconds >= PUBLISHED_SECONDS_MIN;
  if (reason === 'age' && !isDue) return { drop, retire: undefined, promote: undefined, create: [] };
  return { drop, retire: current.kid, promote: next.kid, create: ['next'] };
}
