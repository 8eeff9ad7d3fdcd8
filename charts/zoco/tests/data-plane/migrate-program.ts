import { spawn } from 'node:child_process';
import { EventEmitter, once } from 'node:events';
import { join } from 'node:path';
import type { ServiceName } from '@zoco/contracts';
import { ROOT } from '@zoco/local';
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

/** Runs the program with the environment that the rendered init container gives it. */
export function runMigrate(
  objects: readonly KubernetesObject[],
  service: ServiceName,
  ports: DataPlanePorts,
  changes: Readonly<Record<string, string>> = {},
): MigrateRun {
  const rendered = environmentOf(objects, ['Deployment', `zoco-${service}`], 'migrate');
  const env = Object.fromEntries(
    Object.entries({ ...rendered, ...changes }).map(([name, value]) => [name, moved(name, value, ports)]),
  );
  const child = spawn(process.execPath, [join(ROOT, 'services', service, 'src/migrate.ts')], { env });
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
