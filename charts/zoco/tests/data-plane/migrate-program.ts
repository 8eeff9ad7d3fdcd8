import { spawn } from 'node:child_process';
import { EventEmitter, once } from 'node:events';
import { symlinkSync } from 'node:fs';
import { join } from 'node:path';
import type { ServiceName } from '@zoco/contracts';
import { ROOT } from '@zoco/local';
import { bundlePackage } from '@zoco/local/bundle-package';
import type { KubernetesObject } from '../render.ts';
import { atLocalhost } from './chart-servers.ts';
import { environmentOf } from './pod-environment.ts';

/** A run of a service's migrate program, as the init container of one pod. */
export interface MigrateRun {
  /** What it said so far. */
  readonly output: () => string;
  /** Resolves when it has said so. @throws Error with all that it said when it ends without */
  said(words: string): Promise<void>;
  /** Its exit code. */
  readonly ended: Promise<number | null>;
  stop(): void;
}

/** Ports of this machine that stand for the two Services. */
export interface DataPlanePorts {
  readonly postgres: number;
  readonly nats: number;
}

export interface MigrateOptions {
  /** What `bundleService` returned. */
  readonly home: string;
  readonly ports: DataPlanePorts;
  /** Variables with another value than the rendered one. */
  readonly changes?: Readonly<Record<string, string>>;
}

/** The bundle with the migrations beside it, as in an image; the folder of `dist`. */
export async function bundleService(service: ServiceName, folder: string): Promise<string> {
  const packageDir = join(ROOT, 'services', service);
  const home = join(folder, service);
  await bundlePackage({ packageDir, outdir: join(home, 'dist'), sourceMaps: false });
  symlinkSync(join(packageDir, 'migrations'), join(home, 'migrations'));
  return home;
}

/** Runs the program with the environment that the rendered init container gives it. */
export function runMigrate(
  objects: readonly KubernetesObject[],
  service: ServiceName,
  { home, ports, changes = {} }: MigrateOptions,
): MigrateRun {
  const rendered = environmentOf(objects, ['Deployment', `zoco-${service}`], 'migrate');
  const env = Object.fromEntries(
    Object.entries({ ...rendered, ...changes }).map(([name, value]) => [name, moved(name, value, ports)]),
  );
  const child = spawn(process.execPath, [join(home, 'dist/migrate.js')], { env });
  let output = '';
  const ended = new Promise<number | null>((resolve) => child.once('close', (code) => resolve(code)));
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (output += String(chunk)));
  return {
    output: () => output,
    ended,
    async said(words) {
      const chunks = new EventEmitter();
      for (const stream of [child.stdout, child.stderr]) stream.on('data', () => chunks.emit('chunk'));
      void ended.then(() => chunks.emit('chunk'));
      while (!output.includes(words)) {
        if (child.exitCode !== null) throw new Error(`it ended without "${words}":\n${output}`);
        await once(chunks, 'chunk');
      }
    },
    stop: () => void child.kill('SIGTERM'),
  };
}

function moved(name: string, value: string, ports: DataPlanePorts): string {
  if (value === '') return value;
  if (/^DATABASE_.*URL$/.test(name)) return atLocalhost(value, ports.postgres);
  return name === 'NATS_ADMIN_URL' ? atLocalhost(value, ports.nats) : value;
}
