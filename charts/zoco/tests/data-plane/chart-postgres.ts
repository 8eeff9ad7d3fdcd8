import { chownSync, mkdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { openTemporaryState, type PostgresServer, startPostgres, type State } from '@zoco/local';
import postgres from 'postgres';
import type { KubernetesObject } from '../render.ts';
import { atLocalhost } from './chart-servers.ts';
import { dataOf } from './pod-environment.ts';

/** Data of a Postgres as the image makes them: the user `postgres` has the password of the rendered Secret. */
export interface ChartPostgres extends AsyncDisposable {
  /** Starts it with the rendered configuration; 0 takes a free port. */
  start(port: number): Promise<PostgresServer>;
  /** Folder that stands for /etc/postgresql. */
  readonly configuration: string;
}

export async function prepareChartPostgres(objects: readonly KubernetesObject[]): Promise<ChartPostgres> {
  await using cleanup = new AsyncDisposableStack();
  const state = cleanup.use(await openTemporaryState());
  const configuration = join(state.dir, 'etc');
  mkdirSync(configuration, { mode: 0o755 });
  const files = dataOf(objects, 'ConfigMap', 'zoco-postgres');
  writeFileSync(join(configuration, 'pg_hba.conf'), files['pg_hba.conf'] ?? '', { mode: 0o644 });
  await addSuperuser(state, dataOf(objects, 'Secret', 'zoco-postgres')['POSTGRES_PASSWORD'] ?? '');
  const settings = { ...settingsOf(files['postgresql.conf'] ?? '', configuration) };
  const running = cleanup.move();
  return {
    configuration,
    async start(port) {
      const server = await launch(state, port, settings);
      running.defer(() => server.stop());
      return server;
    },
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  };
}

/** Writes what the kubelet would mount as /etc/postgresql/tls, readable by the user that Postgres runs as. */
export function writeCertificates(
  objects: readonly KubernetesObject[],
  secret: string,
  folder: string,
  readableFor: string = folder,
): void {
  mkdirSync(folder, { recursive: true, mode: 0o755 });
  const { uid, gid } = statSync(readableFor);
  for (const [name, text] of Object.entries(dataOf(objects, 'Secret', secret))) {
    writeFileSync(join(folder, name), text, { mode: 0o600 });
    chownSync(join(folder, name), uid, gid);
  }
}

async function addSuperuser(state: State, password: string): Promise<void> {
  const server = await launch(state, 0, {});
  const sql = postgres(server.adminUrl, { max: 1, onnotice: () => {} });
  const [statement] = await sql<{ text: string }[]>`
    select format('create role postgres superuser login password %L', ${password}::text) as text`;
  await sql.unsafe(statement?.text ?? '');
  await sql.end();
  await server.stop();
}

function launch(state: State, port: number, settings: Record<string, string>): Promise<PostgresServer> {
  return startPostgres({
    dataDir: join(state.dir, 'postgres'),
    port,
    quiet: true,
    settings,
    onSpawn: (pid) => state.ledger.add('postgres', pid),
  });
}

/** The settings of a rendered postgresql.conf, but for where it listens. */
function settingsOf(text: string, configuration: string): Record<string, string> {
  const settings: Record<string, string> = {};
  for (const line of text.split('\n')) {
    const [, name, value] = /^(\w+) = (.*)$/.exec(line) ?? [];
    if (name === undefined || value === undefined) continue;
    settings[name] = value
      .replace(/^'(.*)'$/, '$1')
      .replaceAll("''", "'")
      .replace('/etc/postgresql', configuration);
  }
  delete settings['listen_addresses'];
  delete settings['unix_socket_directories'];
  return settings;
}

/** The URL in a rendered Secret, with the address of this server. */
export function databaseUrl(
  objects: readonly KubernetesObject[],
  secret: string,
  key: string,
  port: number,
): string {
  return atLocalhost(dataOf(objects, 'Secret', secret)[key] ?? '', port);
}
