import { Problem } from '@zoco/kernel';
import type { Ctx } from '@zoco/service';
import type { AccountQueue } from '../account-queue.ts';
import { rememberAddress } from '../db/known-addresses.ts';
import { type Counters, countersOf, forgiveAccount, pickCounts, readFailures } from '../db/login-failures.ts';
import { confirmPassword, type Credentials, findCredentials } from '../db/users.ts';
import { logins } from '../metrics.ts';
import type { PasswordHasher } from '../password-hasher.ts';
import { loginWaitSeconds } from '../rules/login-delay.ts';
import { countFailure } from './count-failure.ts';
import { openSession, type SessionDeps, type SignedIn } from './open-session.ts';

export interface LoginDeps extends SessionDeps {
  readonly hasher: PasswordHasher;
  readonly queue: AccountQueue;
}

export interface LoginInput {
  /** In its normal form. */
  readonly email: string;
  readonly password: string;
  /** Network that the request came from, when it is known. */
  readonly network: string | undefined;
}

/**
 * Signs a user in. An account that does not exist, a deleted one and a wrong password take the same steps and give the same
 * answer.
 * @throws Problem `credentials_invalid`, `user_inactive` (to who knows the password), `login_delayed`
 */
export function login(ctx: Ctx, deps: LoginDeps, input: LoginInput): Promise<SignedIn> {
  return deps.queue(`${ctx.tenantId} ${input.email}`, () => tryOnce(ctx, deps, input));
}

async function tryOnce(ctx: Ctx, deps: LoginDeps, input: LoginInput): Promise<SignedIn> {
  const { email, password, network } = input;
  const [found, failures] = await ctx.read((tx) =>
    Promise.all([findCredentials(tx, email, network), readFailures(tx, email, network)]),
  );
  const counters = countersOf(email, network, found?.knownHere ?? false);
  const waitSeconds = loginWaitSeconds(pickCounts(failures, counters));
  if (waitSeconds > 0) {
    logins.inc({ outcome: 'delayed' });
    throw delayed(waitSeconds);
  }
  const matches = await deps.hasher.verify(found?.passwordHash, password);
  if (found === undefined || !matches) {
    logins.inc({ outcome: 'refused' });
    await countFailure(ctx, counters);
    throw invalidCredentials();
  }
  const hadFailures = failures.has(counters.account);
  return succeed(ctx, deps, input, found, hadFailures ? counters : undefined);
}

async function succeed(
  ctx: Ctx,
  deps: LoginDeps,
  { password, network }: LoginInput,
  { user: { id, active }, passwordHash }: Credentials,
  forgive: Counters | undefined,
): Promise<SignedIn> {
  if (!active) {
    logins.inc({ outcome: 'inactive' });
    throw new Problem('forbidden', 'user_inactive', 'This account is not active.');
  }
  const betterHash = deps.hasher.isCurrent(passwordHash) ? undefined : await deps.hasher.hash(password);
  const session = await ctx.transact(async (tx) => {
    // The check took its time: what it was made against may have changed.
    const user = await confirmPassword(tx, id, passwordHash, betterHash);
    if (user === undefined) throw invalidCredentials();
    const [signedIn] = await Promise.all([
      openSession(tx, deps, user),
      rememberAddress(tx, id, network),
      forgive && forgiveAccount(tx, forgive),
    ]);
    return signedIn;
  });
  logins.inc({ outcome: 'accepted' });
  return session;
}

function invalidCredentials(): Problem {
  return new Problem('unauthenticated', 'credentials_invalid', 'E-mail address or password is wrong.');
}

function delayed(retryAfterSeconds: number): Problem {
  return new Problem('limited', 'login_delayed', 'Too many failed tries. Wait before the next one.', {
    retryAfterSeconds,
  });
}
