import { join } from 'node:path';
import { openTemporaryState, startNats, startPostgres, type State } from '@zoco/local';

/** Real servers for tests; dispose stops them and deletes their data. */
export interface TestServers extends AsyncDisposable {
  /** A login that may create databases and roles. */
  readonly adminUrl: string;
  readonly natsUrl: string;
}

/**
 * Starts one Postgres and one NATS on free ports, with data of their own. Servers that are given (TEST_DATABASE_URL,
 * TEST_NATS_URL) are used instead and left alone.
 */
export async function startTestServers(): Promise<TestServers> {
  await using cleanup = new AsyncDisposableStack();
  const state = cleanup.use(await openTemporaryState());
  const adminUrl = process.env['TEST_DATABASE_URL'] ?? (await startTestPostgres(state, cleanup));
  const natsUrl = process.env['TEST_NATS_URL'] ?? (await startTestNats(state, cleanup));
  const running = cleanup.move();
  return { adminUrl, natsUrl, [Symbol.asyncDispose]: () => running.disposeAsync() };
}

async function startTestPostgres(state: State, cleanup: AsyncDisposableStack): Promise<string> {
  const server = await startPostgres({
    dataDir: join(state.dir, 'postgres'),
    port: 0,
    quiet: true,
    disposable: true,
    settings: {
      // Every test file has pools of its own.
      max_connections: '500',
      shared_buffers: '128MB',
      // Its data outlives no power cut anyway, and dropping a database waits for the disk longer than most tests take.
      fsync: 'off',
      full_page_writes: 'off',
    },
    onSpawn: (pid) => state.ledger.add('postgres', pid),
  });
  cleanup.defer(() => server.stop());
  return server.adminUrl;
}

async function startTestNats(state: State, cleanup: AsyncDisposableStack): Promise<string> {
  const server = await startNats({
    storeDir: join(state.dir, 'nats'),
    port: 0,
    quiet: true,
    onSpawn: (pid) => state.ledger.add('nats', pid),
  });
  cleanup.defer(() => server.stop());
  return server.url;
}

/** A NATS of one test file: durable consumers are shared by all who connect, so files that consume need their own. */
export async function startPrivateNats(): Promise<{ url: string } & AsyncDisposable> {
  await using cleanup = new AsyncDisposableStack();
  const state = cleanup.use(await openTemporaryState());
  const url = await startTestNats(state, cleanup);
  const running = cleanup.move();
  return { url, [Symbol.asyncDispose]: () => running.disposeAsync() };
}
