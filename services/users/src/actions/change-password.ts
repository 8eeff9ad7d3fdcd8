import { Problem } from '@zoco/kernel';
import type { UserCtx } from '@zoco/service';
import { forgetAddresses, rememberAddress } from '../db/known-addresses.ts';
import { countersOf, pickCounts, readFailures } from '../db/login-failures.ts';
import { revokeSessionsOf } from '../db/sessions.ts';
import { findCredentials, getAccount, replacePassword, sessionIdOf } from '../db/users.ts';
import { loginWaitSeconds } from '../rules/login-delay.ts';
import { assertPassword } from '../rules/password.ts';
import { countFailure } from './count-failure.ts';
import type { LoginDeps } from './login.ts';

export interface PasswordChange {
  readonly currentPassword: string;
  readonly newPassword: string;
  /** Network that the request came from, when it is known. */
  readonly network: string | undefined;
}

/**
 * Sets a new password and ends all other sessions of the user. Guessing the present one here counts like guessing it at
 * sign-in.
 * @throws Problem `password_wrong`, `password_refused`, `password_changed`, `login_delayed`, `token_revoked`
 */
export async function changePassword(
  ctx: UserCtx,
  deps: Pick<LoginDeps, 'hasher' | 'queue'>,
  input: PasswordChange,
): Promise<void> {
  const { email } = await ctx.read((tx) => getAccount(tx, ctx.principal));
  assertPassword('new_password', input.newPassword, email);
  await deps.queue(`${ctx.tenantId} ${email}`, () => change(ctx, deps, input, email));
}

async function change(
  ctx: UserCtx,
  { hasher }: Pick<LoginDeps, 'hasher'>,
  { currentPassword, newPassword, network }: PasswordChange,
  email: string,
): Promise<void> {
  const [found, failures] = await ctx.read((tx) =>
    Promise.all([findCredentials(tx, email, network), readFailures(tx, email, network)]),
  );
  const counters = countersOf(email, network, found?.knownHere ?? false);
  const retryAfterSeconds = loginWaitSeconds(pickCounts(failures, counters));
  if (retryAfterSeconds > 0) {
    throw new Problem('limited', 'login_delayed', 'Too many failed tries. Wait before the next one.', {
      retryAfterSeconds,
    });
  }
  if (found === undefined || !(await hasher.verify(found.passwordHash, currentPassword))) {
    await countFailure(ctx, counters);
    throw new Problem('forbidden', 'password_wrong', 'The current password is wrong.');
  }
  const { user, passwordHash } = found;
  const newHash = await hasher.hash(newPassword);
  await ctx.transact(async (tx) => {
    if (!(await replacePassword(tx, user.id, passwordHash, newHash))) {
      throw new Problem('conflict', 'password_changed', 'The password was changed at the same time.');
    }
    await Promise.all([
      revokeSessionsOf(tx, user.id, sessionIdOf(ctx.principal)),
      forgetAddresses(tx, user.id),
      rememberAddress(tx, user.id, network),
    ]);
  });
  ctx.log.info({ event: 'password_changed', user: user.id }, 'password changed');
}
