import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { findProgram, obtainProgram } from './debian-program.ts';

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'zoco-program-'));
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(dir, { recursive: true, force: true });
});

function place(folder: string, mode: number): string {
  mkdirSync(join(dir, folder));
  const file = join(dir, folder, 'nats-server');
  writeFileSync(file, '#!/bin/sh\n');
  chmodSync(file, mode);
  return file;
}

test('it is looked for on the PATH, then where packages put it, then where we would', () => {
  const search = {
    path: `:${join(dir, 'path')}`,
    usualFolders: [join(dir, 'usual')],
    ownFolder: join(dir, 'own'),
  };
  const find = () => findProgram('nats-server', search);
  expect(find()).toBeUndefined();
  const own = place('own', 0o755);
  expect(find()).toBe(own);
  const usual = place('usual', 0o755);
  expect(find()).toBe(usual);
  const path = place('path', 0o755);
  expect(find()).toBe(path);
  chmodSync(path, 0o644);
  expect(find()).toBe(usual);
});

test('what cannot be had is one sentence with the cure', () => {
  const program = {
    name: 'zoco-nothing',
    debianPackage: 'zoco-no-such-package',
    packedFile: 'usr/bin/zoco-nothing',
    cure: 'install it by hand.',
  };
  const search = { path: '', usualFolders: [], ownFolder: join(dir, 'own') };
  vi.stubEnv('PATH', ''); // a machine without apt-get
  expect(() => obtainProgram(program, () => {}, search)).toThrow(
    /^zoco-nothing is missing and could not be fetched \(.+\): install it by hand\.$/,
  );
});
