import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SERVICE_NAMES, SERVICES, type ServiceName } from '@zoco/contracts';
import { eventually, startTestServers, type TestServers } from '@zoco/testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { z } from 'zod';
import { planFreePorts, type PortPlan } from '../libs/local/src/ports.ts';
import { openSecrets } from '../libs/local/src/secrets.ts';
import { serviceEnvironment } from '../libs/local/src/service-environment.ts';
import { sandboxEnvironment } from '../libs/local/src/stripe-environment.ts';
import { type BareContainer, bareContainer, type ContainerProcess } from './containers/bare-container.ts';
import { environmentOf, parseDockerfile } from './containers/dockerfile.ts';
import { toldSizes } from './image-sizes.ts';
import { filesOf, IMAGES, measureTree, writeImageTree } from './image-tree.ts';

/*
 * Every image as a container, without a container runtime: made from the same tree that the Dockerfile copies, started
 * as the same user on a root file system that cannot be written to and holds nothing but Node and that tree. Together
 * they are a whole Zoco, in which the CLI's image buys something.
 */

const ConfigMap = z.object({ kind: z.literal('ConfigMap'), data: z.record(z.string(), z.string()) });
const OWNERS = SERVICE_NAMES.filter((name) => SERVICES[name].database);
const PLATFORM = {
  PLATFORM_ADMIN_EMAIL: 'platform@zoco.example',
  PLATFORM_ADMIN_PASSWORD: 'tried-in-a-bare-root',
};

const dir = mkdtempSync(join(tmpdir(), 'zoco-images-'));
// The containers' user has to find the way in where nothing can be mounted.
chmodSync(dir, 0o711);
const cleanup = new AsyncDisposableStack();
const containers = new Map<string, BareContainer>();
const running = new Map<string, ContainerProcess>();
const imageEnv = environmentOf(
  parseDockerfile(readFileSync(join(import.meta.dirname, '../Dockerfile'), 'utf8')).stages.at(-1) ?? {
    name: '',
    base: '',
    instructions: [],
  },
);
let servers: TestServers;
let ports: PortPlan;
let environment: (name: ServiceName) => Record<string, string>;

beforeAll(async () => {
  servers = cleanup.use(await startTestServers());
  ports = await planFreePorts(SERVICE_NAMES);
  mkdirSync(join(dir, 'state'));
  const secrets = openSecrets(join(dir, 'state'));
  const stripe = { port: ports.stripeSandbox, ...sandbox() };
  environment = (name) => ({
    ...serviceEnvironment(name, {
      caller: {},
      ports: ports.services,
      natsUrl: servers.natsUrl,
      databases: new Map(OWNERS.map((owner) => [owner, databaseOf(owner)])),
      secrets: {
        ...secrets,
        identityKeyFile: (service) => `/etc/zoco/identity/${service}.json`,
        identityJwksFile: '/etc/zoco/identity/jwks.json',
      },
      stripe,
      version: '0.1.0',
    }),
    ...imageEnv,
    HOST: '127.0.0.1',
    PORT: String(ports.services.get(name)?.port),
  });
  for (const name of Object.keys(IMAGES)) {
    await writeImageTree(name, join(dir, 'trees', name));
    const identity = { '/etc/zoco/identity': join(dir, 'state/identity') };
    const container = bareContainer(join(dir, 'roots', name), join(dir, 'trees', name), identity);
    containers.set(name, container);
  }
}, 120_000);

afterAll(async () => {
  for (const container of running.values()) container.signal('SIGKILL');
  await Promise.all([...running.values()].map(({ exited }) => exited));
  await cleanup.disposeAsync();
  execFileSync('chmod', ['-R', 'u+w', dir]);
  rmSync(dir, { recursive: true, force: true });
}, 60_000);

function sandbox() {
  return {
    secretKey: 'sk_test_image',
    webhookSecret: 'whsec_image',
    webhookUrl: `http://127.0.0.1:${ports.services.get('gateway')?.port}/api/v1/payments/webhooks/stripe`,
    journalFile: '/tmp/journal',
  };
}

function databaseOf(owner: ServiceName) {
  const url = (role: string) => {
    const parsed = new URL(servers.adminUrl);
    Object.assign(parsed, {
      username: `zoco_${owner}${role}`,
      password: `of-${owner}`,
      pathname: `/zoco_${owner}`,
    });
    return parsed.href;
  };
  return { runtimeUrl: url(''), workerUrl: url('_worker'), ownerUrl: url('_owner') };
}

function containerOf(name: string): BareContainer {
  const found = containers.get(name);
  if (found === undefined) throw new Error(`no container ${name}`);
  return found;
}

async function runToEnd(name: string, args: readonly string[], env: Record<string, string>) {
  const process = containerOf(name).run(args, { ...imageEnv, ...env });
  const { code } = await process.exited;
  return { code, output: process.output() };
}

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
  const script = `
    const { writeFileSync } = await import('node:fs');
    const tries = ['/app/dist/main.js', '/app/x', '/x', '/etc/zoco/identity/jwks.json', '/nodejs/bin/node'];
    const codes = tries.map((path) => { try { writeFileSync(path, ''); return 'written'; } catch (e) { return e.code; } });
    writeFileSync('/tmp/x', '');
    console.log(JSON.stringify({ uid: process.getuid(), codes: [...new Set(codes)] }));`;
  const { isolated } = containerOf('orders');
  if (!isolated) return; // paths of the image exist only where it is the root
  const { output } = await runToEnd('orders', ['--input-type=module', '--eval', script], {});
  expect(JSON.parse(output)).toEqual({ uid: 10_001, codes: ['EROFS'] });
});

describe('a whole system of containers', () => {
  test('migrate.js makes databases, roles, schemas and streams, all at once and once more', async () => {
    for (const again of [false, true]) {
      const ends = await Promise.all(
        OWNERS.map((name) => {
          const { runtimeUrl, workerUrl, ownerUrl } = databaseOf(name);
          return runToEnd(name, ['/app/dist/migrate.js'], {
            DATABASE_ADMIN_URL: servers.adminUrl,
            DATABASE_OWNER_URL: ownerUrl,
            DATABASE_URL: runtimeUrl,
            DATABASE_WORKER_URL: workerUrl,
            NATS_ADMIN_URL: servers.natsUrl,
          });
        }),
      );
      for (const { code, output } of ends) expect(code, `${again ? 'again: ' : ''}${output}`).toBe(0);
    }
  });

  test('the platform’s administrator is made by a program of the users image', async () => {
    const env = { DATABASE_URL: databaseOf('users').runtimeUrl, ...PLATFORM };
    const first = await runToEnd('users', ['/app/dist/create-platform-admin.js'], env);
    expect(first).toEqual({ code: 0, output: 'platform administrator: created\n' });
    const again = await runToEnd('users', ['/app/dist/create-platform-admin.js'], env);
    expect(again).toEqual({ code: 0, output: 'platform administrator: unchanged\n' });
  });

  test('every service gets ready', async () => {
    for (const name of SERVICE_NAMES)
      running.set(name, containerOf(name).run(['/app/dist/main.js'], environment(name)));
    const stripe = {
      ...imageEnv,
      ...sandboxEnvironment({ port: ports.stripeSandbox, ...sandbox() }),
      HOST: '0.0.0.0',
    };
    running.set('stripe-sandbox', containerOf('stripe-sandbox').run(['/app/dist/main.js'], stripe));
    for (const name of SERVICE_NAMES) {
      const { adminPort } = ports.services.get(name) ?? { adminPort: 0 };
      await eventually(async () => {
        const answer = await fetch(`http://127.0.0.1:${adminPort}/readyz`).catch((error: unknown) => error);
        const told = answer instanceof Response ? await answer.text() : String(answer);
        expect(answer instanceof Response && answer.ok, `${told}\n${running.get(name)?.output()}`).toBe(true);
      });
    }
    await eventually(async () =>
      expect((await fetch(`http://127.0.0.1:${ports.stripeSandbox}/health`)).status).toBe(200),
    );
  }, 60_000);

  test('the CLI’s image buys something there', async () => {
    const url = `http://127.0.0.1:${ports.services.get('gateway')?.port}`;
    const { code, output } = await runToEnd('cli', ['/app/dist/main.js', 'smoke', '--url', url], PLATFORM);
    expect(code, output).toBe(0);
    expect(output).toContain('Works: order ');
  }, 60_000);

  test('the example that makes a tenant makes it, and is content to find it', async () => {
    const example = readFileSync(join(import.meta.dirname, '../k8s/examples/tenant.yaml'), 'utf8');
    const [script = ''] = parseAllDocuments(example)
      .map((document) => ConfigMap.safeParse(document.toJS()).data)
      .flatMap((map) => map?.data['create-tenant.mjs'] ?? []);
    const env = {
      ...PLATFORM,
      GATEWAY_URL: `http://127.0.0.1:${ports.services.get('gateway')?.port}`,
      TENANT_ADMIN_EMAIL: 'admin@libros.example',
      TENANT_ADMIN_PASSWORD: 'tried-in-a-bare-root',
    };
    const args = ['--input-type=module', '--eval', script];
    expect(await runToEnd('cli', args, env)).toEqual({ code: 0, output: 'libros is open\n' });
    expect(await runToEnd('cli', args, env)).toEqual({ code: 0, output: 'libros is there already\n' });
  });

  test.each([...SERVICE_NAMES, 'stripe-sandbox'])('%s ends well when it is told to', async (name) => {
    const process = running.get(name);
    process?.signal('SIGTERM');
    expect(await process?.exited, process?.output()).toEqual({ code: 0, signal: null });
  });
});
