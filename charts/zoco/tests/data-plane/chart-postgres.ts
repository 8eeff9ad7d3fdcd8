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
  /** Number of the user that it runs as. */
  readonly uid: number;
}

export async function prepareChartPostgres(objects: readonly KubernetesObject[]): Promise<ChartPostgres> {
  await using cleanup = new AsyncDisposableStack();
  const state = cleanup.use(await openTemporaryState());
  const configuration = join(state.dir, 'etc');
  mkdirSync(configuration, { mode: 0o755 });
  const files = dataOf(objects, 'ConfigMap', 'zoco-postgres');
  writeFileSync(join(configuration, 'pg_hba.conf'), withRunner(files['pg_hba.conf'] ?? ''), { mode: 0o644 });
  const uid = await addSuperuser(
    state,
    dataOf(objects, 'Secret', 'zoco-postgres')['POSTGRES_PASSWORD'] ?? '',
  );
  const settings = { ...settingsOf(files['postgresql.conf'] ?? '', configuration) };
  const running = cleanup.move();
  return {
    configuration,
    uid,
    async start(port) {
      const server = await launch(state, port, settings);
      running.defer(() => server.stop());
      return server;
    },
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  };
}

/** Who starts the server here asks it over TCP without TLS; the pod's probes need no login. */
function withRunner(rules: string): string {
  return /^hostssl/m.test(rules)
    ? `hostnossl postgres zoco_admin 127.0.0.1/32 scram-sha-256\n${rules}`
    : rules;
}

/** Writes what the kubelet would mount of a rendered Secret, readable by that user alone. */
export function writeCertificates(
  objects: readonly KubernetesObject[],
  secret: string,
  folder: string,
  { uid }: { readonly uid: number },
): void {
  mkdirSync(folder, { recursive: true, mode: 0o755 });
  for (const [name, text] of Object.entries(dataOf(objects, 'Secret', secret))) {
    const file = join(folder, name);
    writeFileSync(file, text, { mode: name === 'ca.crt' ? 0o644 : 0o600 });
    if (process.getuid?.() === 0) chownSync(file, uid, uid);
  }
}

/** Returns the number of the user that the data belong to. */
async function addSuperuser(state: State, password: string): Promise<number> {
  const server = await launch(state, 0, {});
  const sql = postgres(server.adminUrl, { max: 1, onnotice: () => {} });
  const [statement] = await sql<{ text: string }[]>`
    select format('create role postgres superuser login password %L', ${password}::text) as text`;
  await sql.unsafe(statement?.text ?? '');
  await sql.end();
  await server.stop();
  return statSync(server.dataDir).uid;
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
