import type { Role } from '@zoco/contracts';
import { type Id, isId, Problem } from '@zoco/kernel';
import type { ReadTx, Tx } from '@zoco/postgres';
import type { Principal } from '@zoco/service';
import { and, asc, eq, getTableColumns, gt, isNull, type SQL, sql } from 'drizzle-orm';
import { apiKeys, knownAddresses, sessions, users } from './schema.ts';
import { likePattern } from './tenants.ts';

const { passwordHash: _never, ...columns } = getTableColumns(users);

/** A user as everybody but the password check sees him: without the hash. */
export type User = Omit<typeof users.$inferSelect, 'passwordHash'>;

const alive = (tx: ReadTx, id: string): SQL | undefined =>
  and(eq(users.tenantId, tx.tenantId), eq(sql`${users.id}`, id), isNull(users.deletedAt));

/** @throws Problem `user_not_found` */
export async function getUser(tx: ReadTx, id: string): Promise<User> {
  return (await findUser(tx, id)) ?? notFound();
}

export async function findUser(tx: ReadTx, id: string): Promise<User | undefined> {
  const [user] = await tx.db.select(columns).from(users).where(alive(tx, id));
  return user;
}

/** The same, held until the transaction ends. @throws Problem `user_not_found` */
export async function lockUser(tx: Tx, id: string): Promise<User> {
  const [user] = await tx.db.select(columns).from(users).where(alive(tx, id)).for('no key update');
  return user ?? notFound();
}

function notFound(): never {
  throw new Problem('not_found', 'user_not_found', 'There is no such user.');
}

export type NewUser = Pick<
  typeof users.$inferSelect,
  'id' | 'email' | 'passwordHash' | 'firstName' | 'lastName' | 'roles'
>;

export async function insertUser(tx: Tx, user: NewUser): Promise<User> {
  const [created] = await tx.db
    .insert(users)
    .values({ tenantId: tx.tenantId, ...user })
    .returning(columns);
  return created ?? notFound();
}

/** Writes what is given and raises the version. */
export async function updateUserRow(
  tx: Tx,
  id: Id<'user'>,
  change: Partial<Omit<User, 'id' | 'tenantId' | 'version'>>,
): Promise<User> {
  const [changed] = await tx.db
    .update(users)
    .set({ ...change, version: sql`${users.version} + 1`, updatedAt: sql`now()` })
    .where(alive(tx, id))
    .returning(columns);
  return changed ?? notFound();
}

/** Hides a user and forgets his password; gives the new version. */
export async function softDeleteUser(tx: Tx, id: Id<'user'>): Promise<number> {
  const [deleted] = await tx.db
    .update(users)
    .set({
      active: false,
      passwordHash: '',
      deletedAt: sql`now()`,
      updatedAt: sql`now()`,
      version: sql`${users.version} + 1`,
    })
    .where(alive(tx, id))
    .returning({ version: users.version });
  return (deleted ?? notFound()).version;
}

/** @param email in its normal form */
export async function findUserByEmail(tx: ReadTx, email: string): Promise<User | undefined> {
  const [user] = await tx.db
    .select(columns)
    .from(users)
    .where(and(eq(users.tenantId, tx.tenantId), eq(users.email, email), isNull(users.deletedAt)));
  return user;
}

/**
 * Holds a user whose password is still the one that was checked, and puts a better hash of it in its place when there is one.
 * Undefined when the password or the right to sign in has changed since.
 */
export async function confirmPassword(
  tx: Tx,
  id: Id<'user'>,
  checkedHash: string,
  betterHash: string | undefined,
): Promise<User | undefined> {
  const same = and(alive(tx, id), eq(users.active, true), eq(users.passwordHash, checkedHash));
  const [user] =
    betterHash === undefined
      ? await tx.db.select(columns).from(users).where(same).for('share')
      : await tx.db.update(users).set({ passwordHash: betterHash }).where(same).returning(columns);
  return user;
}

/** Replaces a password that is still the one that was checked; false when it is not. */
export async function replacePassword(
  tx: Tx,
  id: Id<'user'>,
  checkedHash: string,
  newHash: string,
): Promise<boolean> {
  const changed = await tx.db
    .update(users)
    .set({ passwordHash: newHash })
    .where(and(alive(tx, id), eq(users.active, true), eq(users.passwordHash, checkedHash)))
    .returning({ id: users.id });
  return changed.length > 0;
}

export interface Credentials {
  readonly user: User;
  readonly passwordHash: string;
  /** Whether he has signed in from this network before. */
  readonly knownHere: boolean;
}

/** @param email in its normal form */
export async function findCredentials(
  tx: ReadTx,
  email: string,
  network: string | undefined,
): Promise<Credentials | undefined> {
  const known = sql<boolean>`exists (select from ${knownAddresses} k where k.tenant_id = ${users.tenantId}
    and k.user_id = ${users.id} and k.address = ${network ?? ''})`;
  const [row] = await tx.db
    .select({ user: columns, passwordHash: users.passwordHash, knownHere: known })
    .from(users)
    .where(and(eq(users.tenantId, tx.tenantId), eq(users.email, email), isNull(users.deletedAt)));
  return row;
}

/**
 * The person behind an access token, as he is now: the token may be older than his last sign-out.
 * @throws Problem `token_revoked` when the session has ended or the user may not sign in any more
 */
export async function getAccount(tx: ReadTx, principal: Principal): Promise<User> {
  const [user] = await tx.db
    .select(columns)
    .from(users)
    .innerJoin(sessions, and(eq(sessions.tenantId, users.tenantId), eq(sessions.userId, users.id)))
    .where(
      and(
        alive(tx, principal.id),
        eq(users.active, true),
        eq(sql`${sessions.id}`, sessionIdOf(principal)),
        isNull(sessions.revokedAt),
        gt(sessions.expiresAt, sql`now()`),
      ),
    );
  if (user === undefined) throw revoked();
  return user;
}

/**
 * The roles that whoever acts has now, in his own tenant: what his token says may be a quarter of an hour old.
 * @throws Problem `token_revoked`
 */
export async function rolesNow(tx: ReadTx, principal: Principal): Promise<readonly Role[]> {
  if (isId('user', principal.id)) return (await getAccount(tx, principal)).roles;
  const [key] = await tx.db
    .select({ role: apiKeys.role })
    .from(apiKeys)
    .where(
      and(
        eq(apiKeys.tenantId, tx.tenantId),
        eq(sql`${apiKeys.id}`, principal.id),
        isNull(apiKeys.revokedAt),
        gt(apiKeys.expiresAt, sql`now()`),
      ),
    );
  if (key === undefined) throw revoked();
  return [key.role];
}

function revoked(): Problem {
  return new Problem('unauthenticated', 'token_revoked', 'The session of this access token has ended.');
}

/** An access token's id is that of its session and a number. */
export function sessionIdOf(principal: Principal): string {
  return principal.tokenId.split('.')[0] ?? '';
}

export interface UserFilter {
  readonly search: string | undefined;
  readonly role: Role | undefined;
  readonly active: boolean | undefined;
  readonly after: string | undefined;
  readonly limit: number;
}

/** Users in order of registration; one more than `limit`, to tell whether there are more. */
export function listUsers(tx: ReadTx, filter: UserFilter): Promise<User[]> {
  const pattern = filter.search === undefined ? undefined : likePattern(filter.search);
  return tx.db
    .select(columns)
    .from(users)
    .where(
      and(
        eq(users.tenantId, tx.tenantId),
        isNull(users.deletedAt),
        filter.after === undefined ? undefined : sql`${users.id} > ${filter.after}`,
        filter.role === undefined ? undefined : sql`${filter.role} = any(${users.roles})`,
        filter.active === undefined ? undefined : eq(users.active, filter.active),
        pattern === undefined
          ? undefined
          : sql`(${users.email} ilike ${pattern} or ${users.firstName} || ' ' || ${users.lastName} ilike ${pattern})`,
      ),
    )
    .orderBy(asc(users.id))
    .limit(filter.limit + 1);
}

/** All who can sign in with that role, held until the transaction ends: two admins cannot remove each other. */
export async function lockHolders(tx: Tx, role: Role): Promise<{ id: Id<'user'>; roles: Role[] }[]> {
  return tx.db
    .select({ id: users.id, roles: users.roles })
    .from(users)
    .where(
      and(
        eq(users.tenantId, tx.tenantId),
        isNull(users.deletedAt),
        eq(users.active, true),
        sql`roles <> '{customer}' and ${role} = any(${users.roles})`,
      ),
    )
    .orderBy(asc(users.id))
    .for('no key update');
}
