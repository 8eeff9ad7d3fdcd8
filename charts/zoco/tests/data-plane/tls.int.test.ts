import { join } from 'node:path';
import { connect as connectToNats } from '@nats-io/transport-node';
import { natsServer } from '@zoco/events';
import { connect, migrate } from '@zoco/postgres';
import postgres from 'postgres';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type KubernetesObject, render } from '../render.ts';
import { databaseUrl, prepareChartPostgres, writeCertificates } from './chart-postgres.ts';
import { startChartNats } from './chart-servers.ts';

const SETS = ['global.tls.postgres=true', 'global.tls.nats=true'];
const AUTHORITIES = '/etc/zoco/authorities';

const cleanup = new AsyncDisposableStack();
let objects: readonly KubernetesObject[];
let postgresUrl: string;
let natsUrl: string;
let folder: string;

beforeAll(async () => {
  objects = await render([], SETS);
  const data = cleanup.use(await prepareChartPostgres(objects));
  folder = data.configuration;
  const own = join(folder, 'tls');
  writeCertificates(objects, 'zoco-postgres-tls', own, { uid: data.uid });
  writeCertificates(objects, 'zoco-nats-tls', join(folder, 'nats'), { uid: process.getuid?.() ?? 0 });
  const { port } = await data.start(0);
  const nats = cleanup.use(await startChartNats(objects, { certificates: join(folder, 'nats') }));
  postgresUrl = databaseUrl(objects, 'zoco-postgres', 'DATABASE_ADMIN_URL', port);
  natsUrl = nats.urlIn('zoco-nats-orders');
});
afterAll(() => cleanup.disposeAsync());

/** The URL as it is in the Secret, with this machine's copy of the file that it names. */
const trusting = (url: string, authority: string) =>
  url.replace(encodeURIComponent(AUTHORITIES), '').replace(/[^=]*\.crt$/, join(folder, authority));

const without = (text: string, changes: Readonly<Record<string, string | undefined>>) => {
  const url = new URL(text);
  for (const [name, value] of Object.entries(changes)) {
    if (value === undefined) url.searchParams.delete(name);
    else url.searchParams.set(name, value);
  }
  return url.href;
};

describe('Postgres', () => {
  const query = async (url: string) => {
    const sql = connect({ url, applicationName: 'test', poolMax: 1 });
    try {
      return await sql`select ssl, version from pg_stat_ssl where pid = pg_backend_pid()`;
    } finally {
      await sql.end();
    }
  };

  test('the URLs of the Secrets insist on TLS and on the authority of the chart', async () => {
    expect(postgresUrl).toContain('sslmode=verify-full');
    expect(postgresUrl).toContain(`${AUTHORITIES}/postgres.crt`);
    const rows = await query(trusting(postgresUrl, 'tls/ca.crt'));
    expect(rows).toEqual([{ ssl: true, version: 'TLSv1.3' }]);
  });

  test('an authority that did not sign is not believed, nor is any where none is named', async () => {
    await expect(query(trusting(postgresUrl, 'nats/ca.crt'))).rejects.toThrow(/certificate/i);
    await expect(query(without(postgresUrl, { sslrootcert: undefined }))).rejects.toThrow(/certificate/i);
  });

  test('a server of another name is not believed', async () => {
    const url = trusting(postgresUrl, 'tls/ca.crt').replace('localhost', '127.0.0.1');
    await expect(query(url)).rejects.toThrow(/altnames|certificate/i);
  });

  test('nobody gets in without TLS', async () => {
    const url = without(postgresUrl, { sslrootcert: undefined, sslmode: undefined });
    const sql = postgres(url, { max: 1, ssl: false });
    await expect(sql`select 1`).rejects.toThrow(/no pg_hba.conf entry.*no encryption/);
    await sql.end();
  });

  test('a file that is not there is named', async () => {
    const missing = migrate({ service: 'orders', folder: '/nowhere', ownerUrl: postgresUrl });
    await expect(missing).rejects.toThrow(`${AUTHORITIES}/postgres.crt`);
  });
});

describe('NATS', () => {
  const open = async (url: string) => {
    const nc = await connectToNats({ ...natsServer(url), reconnect: false, timeout: 5000 });
    await nc.flush();
    await nc.close();
  };

  test('the URLs of the Secrets insist on TLS and on the authority of the chart', async () => {
    expect(natsUrl).toMatch(/^tls:/);
    expect(natsUrl).toContain(`${AUTHORITIES}/nats.crt`);
    await open(trusting(natsUrl, 'nats/ca.crt'));
  });

  test('an authority that did not sign is not believed, nor is any where none is named', async () => {
    await expect(open(trusting(natsUrl, 'tls/ca.crt'))).rejects.toThrow(/certificate/i);
    await expect(open(without(natsUrl, { ca_file: undefined }))).rejects.toThrow(/certificate/i);
  });

  test('a server that offers no TLS gets no password', async () => {
    await using plain = await startChartNats(await render());
    const url = new URL(trusting(natsUrl, 'nats/ca.crt'));
    url.port = String(plain.server.port);
    await expect(open(url.href)).rejects.toThrow(/does not support 'tls'/);
  });
});
