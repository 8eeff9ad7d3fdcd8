import { userRegistered } from '@zoco/contracts';
import { record } from '@zoco/events';
import { Problem } from '@zoco/kernel';
import { isUniqueViolation, type Tx } from '@zoco/postgres';
import { insertUser, type NewUser, type User } from '../db/users.ts';
import { userSnapshotOf } from '../user-snapshot.ts';

/** Inserts a user with its event, in the transaction of whoever needs one. @throws Problem `email_taken` */
export async function addUser(tx: Tx, input: NewUser): Promise<User> {
  try {
    const user = await insertUser(tx, input);
    await record(tx, userRegistered, {
      aggregateId: user.id,
      version: user.version,
      data: userSnapshotOf(user),
    });
    return user;
  } catch (cause) {
    if (!isUniqueViolation(cause, 'users_email')) throw cause;
    throw new Problem('conflict', 'email_taken', 'There is an account with this e-mail address.', { cause });
  }
}
