import { randomBytes } from 'node:crypto';
import { hash, parseOptions, verify } from '@node-rs/argon2';
import { createGate } from '@zoco/kernel';
import { normalizePassword } from './rules/password.ts';

export interface PasswordHasher {
  /** PHC string of argon2id. @throws Problem `password_check_busy` when too many are waiting */
  hash(password: string): Promise<string>;
  /** Does the same work when there is no hash, so that time does not tell who has an account. */
  verify(passwordHash: string | undefined, password: string): Promise<boolean>;
  /** Whether a hash was made with today's parameters. */
  isCurrent(passwordHash: string): boolean;
}

export interface HasherOptions {
  readonly memoryKib: number;
  readonly passes: number;
}

/** Hashes passwords, few at a time: each takes a core for some 50 ms, and a flood of sign-ins must not take them all. */
export async function createPasswordHasher({ memoryKib, passes }: HasherOptions): Promise<PasswordHasher> {
  const gate = createGate({ concurrency: 2, queueMax: 32, waitMsMax: 5000, code: 'password_check_busy' });
  const parameters = { memoryCost: memoryKib, timeCost: passes, parallelism: 1 };
  const nobodysHash = await hash(randomBytes(32), parameters);
  return {
    hash: (password) => gate.run(() => hash(normalizePassword(password), parameters)),
    async verify(passwordHash, password) {
      const matches = await gate.run(() => verify(passwordHash ?? nobodysHash, normalizePassword(password)));
      return matches && passwordHash !== undefined;
    },
    isCurrent(passwordHash) {
      const { memoryCost, timeCost, parallelism } = parseOptions(passwordHash);
      return memoryCost === memoryKib && timeCost === passes && parallelism === 1;
    },
  };
}
