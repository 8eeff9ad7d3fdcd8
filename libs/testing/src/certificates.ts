import { generateKeyPairSync, type KeyObject, randomBytes, sign } from 'node:crypto';
import { isIPv4 } from 'node:net';

export interface Certificate {
  /** PEM. */
  readonly certificate: string;
  /** PEM, PKCS #8. */
  readonly key: string;
}

/** A certificate authority for one test, with P-256 keys. */
export interface TestAuthority {
  /** PEM of its own certificate: what clients trust. */
  readonly certificate: string;
  /** A server certificate for these names and IPv4 addresses, good for a day. */
  issue(names: readonly string[]): Certificate;
}

export function createTestAuthority(name = 'Test CA'): TestAuthority {
  const own = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const signer = { name, key: own.privateKey };
  const isAuthority = extension('2.5.29.19', true, sequence(BOOLEAN_TRUE));
  return {
    certificate: certify(signer, name, own.publicKey, isAuthority),
    issue(names) {
      const pair = generateKeyPairSync('ec', { namedCurve: 'P-256' });
      const alternatives = names.map((one) =>
        isIPv4(one)
          ? element(0x87, Buffer.from(one.split('.').map(Number)))
          : element(0x82, Buffer.from(one, 'ascii')),
      );
      return {
        certificate: certify(
          signer,
          names[0] ?? 'nobody',
          pair.publicKey,
          extension('2.5.29.17', false, sequence(...alternatives)),
        ),
        key: pair.privateKey.export({ type: 'pkcs8', format: 'pem' }),
      };
    },
  };
}

/** Writes and signs a certificate, RFC 5280, section 4.1. */
function certify(
  issuer: { name: string; key: KeyObject },
  subject: string,
  key: KeyObject,
  extended: Buffer,
): string {
  const ecdsaWithSha256 = sequence(oid('1.2.840.10045.4.3.2'));
  const dayMs = 86_400_000;
  const content = sequence(
    element(0xa0, integer(Buffer.from([2]))),
    integer(Buffer.concat([Buffer.from([1]), randomBytes(8)])),
    ecdsaWithSha256,
    commonName(issuer.name),
    sequence(time(Date.now() - dayMs), time(Date.now() + dayMs)),
    commonName(subject),
    key.export({ type: 'spki', format: 'der' }),
    element(0xa3, sequence(extended)),
  );
  const signature = sign('sha256', content, issuer.key);
  const der = sequence(content, ecdsaWithSha256, element(0x03, Buffer.from([0]), signature));
  const lines = der.toString('base64').match(/.{1,64}/g) ?? [];
  return ['-----BEGIN CERTIFICATE-----', ...lines, '-----END CERTIFICATE-----', ''].join('\n');
}

const BOOLEAN_TRUE = Buffer.from([0x01, 0x01, 0xff]);

/** One element of DER (X.690): tag, length, content. */
function element(tag: number, ...parts: readonly Buffer[]): Buffer {
  const content = Buffer.concat(parts);
  const { length } = content;
  const size =
    length < 0x80 ? [length] : length < 0x1_00 ? [0x81, length] : [0x82, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.from([tag, ...size]), content]);
}

const sequence = (...parts: readonly Buffer[]) => element(0x30, ...parts);
const integer = (bytes: Buffer) => element(0x02, bytes);
const time = (ms: number) =>
  element(0x18, Buffer.from(`${new Date(ms).toISOString().replaceAll(/\D/g, '').slice(0, 14)}Z`));
const commonName = (name: string) =>
  sequence(element(0x31, sequence(oid('2.5.4.3'), element(0x0c, Buffer.from(name)))));
const extension = (id: string, critical: boolean, value: Buffer) =>
  sequence(oid(id), ...(critical ? [BOOLEAN_TRUE] : []), element(0x04, value));

function oid(dotted: string): Buffer {
  const [first = 0, second = 0, ...rest] = dotted.split('.').map(Number);
  const bytes = [40 * first + second];
  for (const arc of rest) {
    const digits = [arc & 0x7f];
    for (let left = arc >> 7; left > 0; left >>= 7) digits.unshift((left & 0x7f) | 0x80);
    bytes.push(...digits);
  }
  return element(0x06, Buffer.from(bytes));
}
