import { chmodSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { reachable } from './postgres-binaries.ts';

test('a user reaches a folder only through folders that let it pass', () => {
  const dir = mkdtempSync(join(tmpdir(), 'zoco-reach-'));
  const inner = join(dir, 'closed/inner');
  mkdirSync(inner, { recursive: true });
  const nobody = { uid: 65_534, gid: 65_534 };
  const [uid, gid] = [process.getuid?.() ?? 0, process.getgid?.() ?? 0];
  try {
    chmodSync(dir, 0o711);
    chmodSync(join(dir, 'closed'), 0o700);
    expect(reachable(dir, nobody)).toBe(true);
    expect(reachable(inner, nobody)).toBe(false);
    expect(reachable(inner, { uid, gid })).toBe(true);
    expect(reachable(inner, undefined)).toBe(true);
    chmodSync(join(dir, 'closed'), 0o710);
    expect(reachable(inner, { uid: 65_534, gid })).toBe(true);
    chmodSync(join(dir, 'closed'), 0o701);
    expect(reachable(inner, nobody)).toBe(true);
  } finally {
    rmSync(dir, { recursive: true });
  }
});
