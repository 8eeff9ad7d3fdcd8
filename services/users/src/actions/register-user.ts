import { newId, Problem } from '@zoco/kernel';
import type { Ctx } from '@zoco/service';
import { rememberAddress } from '../db/known-addresses.ts';
import { findUserByEmail } from '../db/users.ts';
import { registrations } from '../metrics.ts';
import type { PasswordHasher } from '../password-hasher.ts';
import { assertPassword } from '../rules/password.ts';
import { PLATFORM_TENANT } from '../rules/roles.ts';
import { addUser } from './add-user.ts';
import { openSession, type SessionDeps, type SignedIn } from './open-session.ts';

export interface Registration {
  /** In its normal form. */
  readonly email: string;
  readonly password: string;
  readonly firstName: string;
  readonly lastName: string;
  /** Network that the request came from, when it is known. */
  readonly network: string | undefined;
}

/**
 * Creates a customer's account and signs him in.
 * @throws Problem `email_taken`, `password_refused`, `registration_closed`
 */
export async function registerUser(
  ctx: Ctx,
  deps: SessionDeps & { readonly hasher: PasswordHasher },
  input: Registration,
): Promise<SignedIn> {
  const { email, firstName, lastName, network } = input;
  if (ctx.tenantId === PLATFORM_TENANT) {
    throw new Problem('forbidden', 'registration_closed', 'Nobody can register with this tenant.');
  }
  assertPassword('password', input.password, email);
  // The constraint decides in the end; asking first saves the work of hashing.
  if (await ctx.read((tx) => findUserByEmail(tx, email))) {
    throw new Problem('conflict', 'email_taken', 'There is an account with this e-mail address.');
  }
  const passwordHash = await deps.hasher.hash(input.password);
  return ctx.transact(async (tx) => {
    const user = await addUser(tx, {
      id: newId('user'),
      email,
      firstName,
      lastName,
      passwordHash,
      roles: ['customer'],
    });
    const [signedIn] = await Promise.all([
      openSession(tx, deps, user),
      rememberAddress(tx, user.id, network),
    ]);
    tx.onCommit(() => registrations.inc());
    return signedIn;
  });
}
