import { readFileSync } from 'node:fs';
import { checkServerIdentity, type PeerCertificate } from 'node:tls';
import postgres from 'postgres';

/**
 * The driver on a URL as libpq understands it: `sslmode=verify-full` insists on TLS and on the server's name, `sslrootcert`
 * names the file of the authority to trust instead of the usual ones, and a `host` that is a folder means the Unix socket there.
 * @see https://www.postgresql.org/docs/18/libpq-connect.html#LIBPQ-CONNECT-HOST
 * @see https://www.postgresql.org/docs/18/libpq-connect.html#LIBPQ-CONNECT-SSLROOTCERT
 * @throws Error `ENOENT` when that file does not exist
 */
export function openDriver(
  connectionUrl: string,
  options: postgres.Options<Record<string, postgres.PostgresType>>,
): postgres.Sql {
  const url = new URL(connectionUrl);
  const socketDir = url.searchParams.get('host');
  if (socketDir !== null) {
    url.searchParams.delete('host');
    return openDriver(url.href, { ...options, path: `${socketDir}/.s.PGSQL.${url.port || 5432}` });
  }
  const file = url.searchParams.get('sslrootcert');
  if (file === null) return postgres(connectionUrl, options);
  // The driver would send what it does not know to the server as a setting.
  url.searchParams.delete('sslrootcert');
  url.searchParams.delete('sslmode');
  return postgres(url.href, {
    ...options,
    ssl: {
      ca: readFileSync(file, 'utf8'),
      // The driver names no host where it is an address, and Node then takes a certificate of `localhost`.
      checkServerIdentity: (_host: string, certificate: PeerCertificate) =>
        checkServerIdentity(url.hostname, certificate),
    },
  });
}
