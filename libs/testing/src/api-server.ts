import { mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:https';
import type { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { exportJWK, generateKeyPair, type JWK, SignJWT } from 'jose';
import { z } from 'zod';
import { createTestAuthority } from './certificates.ts';

type PrivateKey = Awaited<ReturnType<typeof generateKeyPair>>['privateKey'];
interface SigningKey {
  readonly kid: string;
  readonly alg: string;
  readonly privateKey: PrivateKey;
  readonly publicJwk: JWK;
}
const apiObject = z.looseObject({
  metadata: z.looseObject({ name: z.string(), resourceVersion: z.string().optional() }),
});
type ApiObject = z.infer<typeof apiObject>;

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

const ISSUER = 'https://kubernetes.default.svc.cluster.local';
const BEARER = 'of-the-api-server';
// As Go parses a MicroTime: six digits, no fewer.
const microTime = z
  .string()
  .regex(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/)
  .nullish();
const leaseTimes = z.object({
  spec: z.object({ renewTime: microTime, acquireTime: microTime }).optional(),
});
const address = z.object({ port: z.number() });

export async function startTestApiServer(): Promise<TestApiServer> {
  const authority = createTestAuthority();
  const { certificate: cert, key } = authority.issue(['127.0.0.1', 'kubernetes.default.svc']);
  const dir = writeCredentials(authority.certificate);
  const keys = createSigningKeys();
  const sockets = new Set<Socket>();
  const server = createServer(
    { cert, key },
    (request, response) => void answer(request, response, self, keys),
  );
  server.on('connection', (socket: Socket) => sockets.add(socket));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const self: TestApiServer = {
    url: `https://127.0.0.1:${address.parse(server.address()).port}`,
    issuer: ISSUER,
    credentialsDir: dir,
    requests: [],
    objects: new Map(),
    outage: undefined,
    rotateKeys: (alg = 'RS256') => keys.rotate(alg),
    sign: (claims, header) => signToken(keys, claims, header),
    project: projectToken,
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

function writeCredentials(authority: string): string {
  const dir = mkdtempSync(join(tmpdir(), 'zoco-api-server-'));
  writeFileSync(join(dir, 'ca.crt'), authority);
  writeFileSync(join(dir, 'token'), `${BEARER}\n`);
  writeFileSync(join(dir, 'namespace'), 'shop');
  return dir;
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  state: TestApiServer,
  keys: SigningKeys,
): Promise<void> {
  const path = request.url ?? '';
  state.requests.push(path);
  const body = await text(request);
  if (state.outage === 0) {
    request.socket.destroy();
    return;
  }
  const authorized = request.headers.authorization === `Bearer ${BEARER}`;
  const refusal = state.outage ?? (authorized ? undefined : 401);
  const [status, content] = refusal === undefined ? await reply(path, body, state, keys) : failure(refusal);
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(JSON.stringify(content));
}

async function reply(
  path: string,
  body: string,
  { objects }: TestApiServer,
  keys: SigningKeys,
): Promise<[number, unknown]> {
  // Some clouds name another host here; nobody may follow it.
  if (path === '/.well-known/openid-configuration')
    return [200, { issuer: ISSUER, jwks_uri: 'https://192.0.2.1/keys' }];
  if (path === '/openid/v1/jwks') return [200, { keys: [(await keys.current()).publicJwk] }];
  const found = objects.get(path);
  if (found === undefined) return failure(404);
  if (body === '') return [200, found];
  const next = apiObject.parse(JSON.parse(body));
  if (next.metadata.resourceVersion !== found.metadata.resourceVersion) return failure(409);
  if (!leaseTimes.safeParse(next).success) return failure(400);
  next.metadata.resourceVersion = String(Number(found.metadata.resourceVersion ?? 0) + 1);
  objects.set(path, next);
  return [200, next];
}

interface SigningKeys {
  current(): Promise<SigningKey>;
  rotate(alg: 'RS256' | 'ES256'): Promise<void>;
}

/** The first one is made when it is needed: RSA takes its time. */
function createSigningKeys(): SigningKeys {
  let current: Promise<SigningKey> | undefined;
  return {
    current: () => (current ??= createKey('RS256')),
    async rotate(alg) {
      current = createKey(alg);
      await current;
    },
  };
}

async function signToken(
  keys: SigningKeys,
  claims: Record<string, unknown> = {},
  header: Record<string, unknown> = {},
): Promise<string> {
  const { alg, kid, privateKey } = await keys.current();
  const seconds = Math.floor(Date.now() / 1000);
  const usual = { iss: ISSUER, sub: `${TEST_SUBJECTS_PREFIX}orders`, aud: ['zoco-catalog'] };
  const times = { iat: seconds, nbf: seconds, exp: seconds + 3600 };
  return new SignJWT({ ...usual, ...times, ...claims })
    .setProtectedHeader({ alg, kid, ...header })
    .sign(privateKey);
}

function projectToken(dir: string, callee: string, token: string): void {
  const folder = join(dir, callee);
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'token.new'), token);
  renameSync(join(folder, 'token.new'), join(folder, 'token'));
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
