import { once } from 'node:events';
import { createServer } from 'node:http';
import { z } from 'zod';

const DAY_MS = 86_400_000;

/** What cert-manager and a proxy of Linkerd tell Prometheus about their certificates. */
export interface CertificateExporter extends AsyncDisposable {
  readonly url: string;
  /** Sets when the certificate of the public door ends. */
  publicEndsIn(days: number): void;
  /** Sets when the identity of a proxy ends. */
  identityEndsIn(days: number): void;
}

/**
 * Stands in for both, which exist in clusters only: it serves their metrics in their format, about certificates that
 * nobody has issued. It proves the alerts on these metrics, not that the two tell the truth.
 * @see https://cert-manager.io/docs/devops-tips/prometheus-metrics/
 * @see https://linkerd.io/2/reference/proxy-metrics/
 */
export async function startCertificateExporter(): Promise<CertificateExporter> {
  let [publicDays, identityDays] = [60, 1];
  const endSeconds = (days: number) => (Date.now() + days * DAY_MS) / 1000;
  const server = createServer((_request, response) => {
    response.setHeader('content-type', 'text/plain; version=0.0.4').end(
      `# HELP certmanager_certificate_expiration_timestamp_seconds The timestamp after which the certificate expires, expressed in Unix Epoch Time.
# TYPE certmanager_certificate_expiration_timestamp_seconds gauge
certmanager_certificate_expiration_timestamp_seconds{issuer_group="cert-manager.io",issuer_kind="ClusterIssuer",issuer_name="letsencrypt",name="zoco-public",namespace="local"} ${endSeconds(publicDays)}
# HELP identity_cert_expiration_timestamp_seconds Time when the this proxy's current mTLS identity certificate will expire (in seconds since the UNIX epoch).
# TYPE identity_cert_expiration_timestamp_seconds gauge
identity_cert_expiration_timestamp_seconds{namespace="local",pod="zoco-orders-0"} ${endSeconds(identityDays)}
`,
    );
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = z.object({ port: z.number() }).parse(server.address());
  return {
    url: `http://127.0.0.1:${port}`,
    publicEndsIn: (days) => void (publicDays = days),
    identityEndsIn: (days) => void (identityDays = days),
    async [Symbol.asyncDispose]() {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}
