import { mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { exportJWK, generateKeyPair, type JWK, SignJWT } from 'jose';
import { createTestAuthority } from './certificates.ts';

type PrivateKey = Awaited<ReturnType<typeof generateKeyPair>>['privateKey'];
interface SigningKey {
  readonly kid: string;
  readonly alg: string;
  readonly privateKey: PrivateKey;
  readonly publicJwk: JWK;
}
interface ApiObject {
  metadata: { name: string; resourceVersion?: string };
}

/** A server that plays the Kubernetes API server over HTTPS with a CA of its own: keys of ServiceAccount tokens, and objects by path. */
export interface TestApiServer extends AsyncDisposable {
  readonly url: string;
  readonly issuer: string;
  /** What the kubelet would mount: `token`, `ca.crt`, `namespace`. */
  readonly credentialsDir: string;
  /** Paths asked for, in order. */
  readonly requests: string[];
  /** Objects by path; one that is put gets a new resourceVersion, or 409 when it carries an old one. */
  readonly objects: Map<string, ApiObject>;
  /** Answers every request so instead; undefined for the usual. 0 hangs up. */
  outage: number | undefined;
  /** Signs with a new key from now on. */
  rotateKeys(alg?: 'RS256' | 'ES256'): Promise<void>;
  /** A token as the kubelet gets it; claims and header can be made wrong. */
  sign(claims?: Record<string, unknown>, header?: Record<string, unknown>): Promise<string>;
  /** Writes it the way the kubelet does, `<dir>/<callee>/token`, in one step. */
  project(dir: string, callee: string, token: string): void;
}

export const TEST_SUBJECTS_PREFIX = 'system:serviceaccount:shop:zoco-';

// As Go parses a MicroTime: six digits, no fewer.
const MICRO_TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/;

export async function startTestApiServer(): Promise<TestApiServer> {
  const authority = createTestAuthority();
  const { certificate, key } = authority.issue(['127.0.0.1', 'kubernetes.default.svc']);
  const dir = mkdtempSync(join(tmpdir(), 'zoco-api-server-'));
  const issuer = 'https://kubernetes.default.svc.cluster.local';
  const bearer = 'of-the-api-server';
  writeFileSync(join(dir, 'ca.crt'), authority.certificate);
  writeFileSync(join(dir, 'token'), `${bearer}\n`);
  writeFileSync(join(dir, 'namespace'), 'shop');
  // Made when it is needed: RSA takes its time.
  let signing: Promise<SigningKey> | undefined;
  const signingKey = () => (signing ??= createKey('RS256'));

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = request.url ?? '';
    self.requests.push(path);
    const body = await text(request);
    if (self.outage === 0) {
      request.socket.destroy();
      return;
    }
    const [status, content] = await reply(request, path, body);
    response.writeHead(status, { 'content-type': 'application/json' });
    response.end(JSON.stringify(content));
  }

  async function reply(request: IncomingMessage, path: string, body: string): Promise<[number, unknown]> {
    if (self.outage !== undefined) return failure(self.outage);
    if (request.headers.authorization !== `Bearer ${bearer}`) return failure(401);
    // Some clouds name another host here; nobody may follow it.
    if (path === '/.well-known/openid-configuration')
      return [200, { issuer, jwks_uri: 'https://192.0.2.1/keys' }];
    if (path === '/openid/v1/jwks') return [200, { keys: [(await signingKey()).publicJwk] }];
    const found = self.objects.get(path);
    if (found === undefined) return failure(404);
    return request.method === 'PUT' ? put(path, found, JSON.parse(body)) : [200, found];
  }

  function put(
    path: string,
    found: ApiObject,
    next: ApiObject & { spec?: Record<string, unknown> },
  ): [number, unknown] {
    if (next.metadata.resourceVersion !== found.metadata.resourceVersion) return failure(409);
    for (const field of ['renewTime', 'acquireTime']) {
      const value = next.spec?.[field];
      if (value !== undefined && value !== null && !MICRO_TIME.test(String(value))) return failure(400);
    }
    next.metadata.resourceVersion = String(Number(found.metadata.resourceVersion ?? 0) + 1);
    self.objects.set(path, next);
    return [200, next];
  }

  const server = createServer(
    { cert: certificate, key },
    (request, response) => void answer(request, response),
  );
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => sockets.add(socket));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const self: TestApiServer = {
    url: `https://127.0.0.1:${port}`,
    issuer,
    credentialsDir: dir,
    requests: [],
    objects: new Map(),
    outage: undefined,
    async rotateKeys(alg = 'RS256') {
      signing = createKey(alg);
      await signing;
    },
    async sign(claims = {}, header = {}) {
      const { alg, kid, privateKey } = await signingKey();
      const seconds = Math.floor(Date.now() / 1000);
      const usual = { iss: issuer, sub: `${TEST_SUBJECTS_PREFIX}orders`, aud: ['zoco-catalog'] };
      const times = { iat: seconds, nbf: seconds, exp: seconds + 3600 };
      return new SignJWT({ ...usual, ...times, ...claims })
        .setProtectedHeader({ alg, kid, ...header })
        .sign(privateKey);
    },
    project(folder, callee, token) {
      mkdirSync(join(folder, callee), { recursive: true });
      writeFileSync(join(folder, callee, 'token.new'), token);
      renameSync(join(folder, callee, 'token.new'), join(folder, callee, 'token'));
    },
    async [Symbol.asyncDispose]() {
      const closed = once(server, 'close');
      server.close();
      // Also those that are in their handshake, of which the HTTP server does not know yet.
      for (const socket of sockets) socket.destroy();
      await closed;
      rmSync(dir, { recursive: true });
    },
  };
  return self;
}

let keysMade = 0;

async function createKey(alg: 'RS256' | 'ES256'): Promise<SigningKey> {
  const { privateKey, publicKey } = await generateKeyPair(alg, { extractable: true });
  keysMade += 1;
  const kid = `key-${keysMade}`;
  return { kid, alg, privateKey, publicJwk: { ...(await exportJWK(publicKey)), kid, alg, use: 'sig' } };
}

function failure(code: number): [number, unknown] {
  return [code, { kind: 'Status', apiVersion: 'v1', status: 'Failure', code }];
}
