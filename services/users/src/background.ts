import { setTimeout as delay } from 'node:timers/promises';
import type { Database } from '@zoco/postgres';
import type { Logger } from '@zoco/service';
import { removeExpired } from './actions/remove-expired.ts';
import { rotateSigningKeys } from './actions/rotate-signing-keys.ts';
import { SIGNING_KEYS_CHANNEL } from './db/signing-keys.ts';
import { TENANTS_CHANNEL } from './db/tenants.ts';
import type { SigningKeys } from './signing-keys.ts';
import type { TenantRegistry } from './tenant-registry.ts';

export interface BackgroundDeps {
  readonly db: Database;
  readonly log: Logger;
  readonly keys: SigningKeys;
  readonly tenants: TenantRegistry;
  readonly encryptionKey: Uint8Array;
  readonly keyRotationHours: number;
  /** How often the keys are looked at, when nobody says that they have changed. */
  readonly keysEveryMs?: number;
}

const KEYS_MS_DEFAULT = 15_000;
const REMOVE_MS = 3_600_000;
const LISTEN_MS = 60_000;
const FIRST_RETRY_MS = 500;

/** Keeps keys and tenants fresh and old rows away. Any number of replicas may run it. Dispose to stop. */
export function startBackground({ db, log, keys, tenants, ...deps }: BackgroundDeps): AsyncDisposable {
  const controller = new AbortController();
  const unlisten: (() => Promise<void>)[] = [];
  const reload = () => {
    keys.reload().catch((error: unknown) => log.warn({ err: error }, 'signing keys could not be read'));
  };

  async function listen(): Promise<void> {
    if (unlisten.length > 0) return;
    const both = await Promise.all([
      db.listen(SIGNING_KEYS_CHANNEL, reload),
      db.listen(TENANTS_CHANNEL, (id) => tenants.forget(id)),
    ]);
    unlisten.push(...both);
  }

  async function rotate(): Promise<void> {
    const { encryptionKey, keyRotationHours: rotateAfterHours } = deps;
    try {
      await rotateSigningKeys(db, { encryptionKey, rotateAfterHours, reason: 'age' });
    } finally {
      // The keys at hand go on signing while they cannot be replaced, and their age has to be seen.
      await keys.reload();
    }
  }

  const repeated = (name: string, everyMs: number, work: () => Promise<unknown>) =>
    repeat({ name, everyMs, work, log, signal: controller.signal });
  const running = [
    repeated('keep signing keys', deps.keysEveryMs ?? KEYS_MS_DEFAULT, rotate),
    repeated('listen for changes', LISTEN_MS, listen),
    repeated('remove what has expired', REMOVE_MS, () => removeExpired(db)),
  ];
  return {
    async [Symbol.asyncDispose]() {
      controller.abort();
      await Promise.all(running);
      await Promise.all(unlisten.map((stop) => stop().catch(() => {})));
    },
  };
}

interface Repeated {
  readonly name: string;
  readonly everyMs: number;
  readonly work: () => Promise<unknown>;
  readonly log: Logger;
  readonly signal: AbortSignal;
}

/** Does something at once and then again and again; after a failure sooner than usual. */
async function repeat({ name, everyMs, work, log, signal }: Repeated): Promise<void> {
  for (let failures = 0; !signal.aborted;) {
    try {
      await work();
      failures = 0;
    } catch (error) {
      failures += 1;
      log.warn({ err: error, failures }, `could not ${name}`);
    }
    const waitMs = failures === 0 ? everyMs : Math.min(everyMs, FIRST_RETRY_MS * 2 ** Math.min(failures, 10));
    await delay(waitMs, undefined, { signal }).catch(() => {});
  }
}
