import { readFileSync } from 'node:fs';
import { checkServerIdentity, type PeerCertificate } from 'node:tls';
import postgres from 'postgres';

/**
 * The driver on a URL as libpq understands it: `sslmode=verify-full` insists on TLS and on the server's name, and `sslrootcert`
 * names the file of the authority to trust instead of the usual ones.
 * @see https://www.postgresql.org/docs/18/libpq-connect.html#LIBPQ-CONNECT-SSLROOTCERT
 * @throws Error `ENOENT` when that file does not exist
 */
export function openDriver(
  connectionUrl: string,
  options: postgres.Options<Record<string, postgres.PostgresType>>,
): postgres.Sql {
  const url = new URL(connectionUrl);
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
