import { execFileSync } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SERVICE_NAMES, SERVICES } from '@zoco/contracts';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { bareContainer } from './containers/bare-container.ts';
import { imageEnvironment } from './containers/dockerfile.ts';
import { toldSizes } from './image-sizes.ts';
import { filesOf, IMAGES, measureTree, writeImageTree } from './image-tree.ts';

// What is in each image. That they run is proved by charts/zoco/tests/delivery/release.int.test.ts.

const OWNERS = SERVICE_NAMES.filter((name) => SERVICES[name].database);
const dir = mkdtempSync(join(tmpdir(), 'zoco-images-'));
// The container's user has to find the way in where nothing can be mounted.
chmodSync(dir, 0o711);

beforeAll(async () => {
  for (const name of Object.keys(IMAGES)) await writeImageTree(name, join(dir, 'trees', name));
}, 120_000);

afterAll(() => {
  execFileSync('chmod', ['-R', 'u+w', dir]);
  rmSync(dir, { recursive: true, force: true });
});

describe.each(Object.keys(IMAGES))('the image of %s', (name) => {
  test('holds what runs and nothing else', () => {
    const files = filesOf(join(dir, 'trees', name));
    const outside = files.filter((file) => !/^(dist|migrations|node_modules\/@node-rs)\//.test(file));
    expect(outside).toEqual(['LICENSE', 'package.json']);
    expect(files.filter((file) => /\.(ts|map|md)$|snapshot/.test(file))).toEqual([]);
    expect(files.filter((file) => file.endsWith('.node')).length).toBe(name === 'users' ? 1 : 0);
    expect(files.includes('dist/main.js')).toBe(true);
    const owns = OWNERS.some((owner) => owner === name);
    expect(files.includes('dist/migrate.js')).toBe(owns);
    expect(files.some((file) => file.startsWith('migrations/'))).toBe(owns);
  });

  test('is about as large as k8s/README.md says', () => {
    const megabytes = measureTree(join(dir, 'trees', name)).bytes / 1e6;
    expect(megabytes / (toldSizes()[name] ?? 0)).toBeGreaterThan(0.8);
    expect(megabytes / (toldSizes()[name] ?? 0)).toBeLessThan(1.25);
  });
});

test('nothing in a container can be written to but /tmp', async () => {
  const container = bareContainer(join(dir, 'root'), join(dir, 'trees/orders'));
  const app = container.isolated ? '' : join(dir, 'root');
  const script = `
    const { rmSync, writeFileSync } = await import('node:fs');
    const tries = ['${app}/app/dist/main.js', '${app}/app/x', '${app}/x', '${app}/nodejs/bin/node'];
    const refused = tries.filter((path) => { try { writeFileSync(path, ''); } catch { return true; } });
    writeFileSync('${app}/tmp/x', '');
    console.log(JSON.stringify({ refused: refused.length, user: process.getuid() }));`;
  const running = container.run(['--input-type=module', '--eval', script], imageEnvironment());
  expect(await running.exited, running.output()).toEqual({ code: 0, signal: null });
  const user = process.getuid?.() === 0 ? 10_001 : process.getuid?.();
  expect(JSON.parse(running.output())).toEqual({ refused: 4, user });
});

test('there is no image of anything else', async () => {
  await expect(writeImageTree('order', join(dir, 'x'))).rejects.toThrow(
    /^There is no image 'order': take gateway, /,
  );
});
