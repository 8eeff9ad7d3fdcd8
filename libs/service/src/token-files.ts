import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ServiceName } from '@zoco/contracts';
import { decodeJwt } from 'jose';

interface ReadToken {
  readonly token: string;
  readonly readAtMs: number;
  readonly expiresAtMs: number;
}

// The kubelet replaces a token when a fifth of its time is left, which is two minutes at least.
const REREAD_MS = 30_000;

/**
 * Tokens that the kubelet projects to `<dir>/<callee>/token` and replaces before they end: read again every half minute, and at once
 * when the one in memory is over. While a file cannot be read, what is in memory serves to its end.
 * @returns a function that gives the token for a callee, and throws Error when there is no valid one
 */
export function createTokenFiles(
  dir: string,
  wallMs: () => number = () => Date.now(),
): (callee: ServiceName) => Promise<string> {
  const tokens = new Map<ServiceName, ReadToken>();
  const reading = new Map<ServiceName, Promise<ReadToken>>();

  async function read(callee: ServiceName): Promise<ReadToken> {
    try {
      const token = (await readFile(join(dir, callee, 'token'), 'utf8')).trim();
      const { exp = 0 } = decodeJwt(token);
      const found = { token, readAtMs: wallMs(), expiresAtMs: exp * 1000 };
      tokens.set(callee, found);
      return found;
    } finally {
      reading.delete(callee);
    }
  }

  function readOnce(callee: ServiceName): Promise<ReadToken> {
    const under = reading.get(callee) ?? read(callee);
    reading.set(callee, under);
    return under;
  }

  return async (callee) => {
    const known = tokens.get(callee);
    const nowMs = wallMs();
    const alive = known !== undefined && known.expiresAtMs > nowMs ? known : undefined;
    if (alive && nowMs < alive.readAtMs + REREAD_MS) return alive.token;
    const found = await readOnce(callee).catch((cause: unknown) => {
      if (alive) return alive;
      throw new Error(`there is no token for ${callee} in ${dir}`, { cause });
    });
    if (found.expiresAtMs <= nowMs) throw new Error(`the token for ${callee} in ${dir} is over`);
    return found.token;
  };
}
