import { readFile } from 'node:fs/promises';
import { Agent } from 'node:https';
import { join } from 'node:path';
import { z } from 'zod';
import { exchange } from './http-exchange.ts';

/** Settings of whoever talks to the API server of the cluster it runs in. */
export const kubernetesEnv = {
  KUBERNETES_API_URL: z.url({ protocol: /^https$/ }).default('https://kubernetes.default.svc'),
  /** Holds `token`, `ca.crt` and `namespace`, as the kubelet mounts them. */
  KUBERNETES_API_DIR: z.string().min(1).default('/var/run/secrets/kubernetes.io/serviceaccount'),
} as const;

/** The API server answered, but not with what was asked for. */
export class KubernetesRefusal extends Error {
  override readonly name = 'KubernetesRefusal';
  /** HTTP status: 403 without the right, 404 without the thing, 409 when somebody else was quicker. */
  readonly status: number;

  constructor(status: number, method: string, path: string) {
    super(`the API server answered ${status} to ${method} ${path}`);
    this.status = status;
  }
}

/** The API server, asked by plain HTTPS. */
export interface KubernetesApi {
  /** @throws KubernetesRefusal, or Error when there is no answer */
  get(path: string): Promise<unknown>;
  /** @throws KubernetesRefusal, or Error when there is no answer */
  put(path: string, body: unknown): Promise<unknown>;
  /** Namespace that this pod runs in. @throws Error when it is not mounted */
  namespace(): Promise<string>;
}

const TIMEOUT_MS = 5000;
const IDLE_MS_MAX = 30_000;

/**
 * Speaks to the API server at `url` with the certificate and the token in `dir`. Both are read anew for every request, since the
 * kubelet replaces them; requests are rare.
 */
export function createKubernetesApi({ url, dir }: { url: string; dir: string }): KubernetesApi {
  let trusted: { readonly ca: string; readonly agent: Agent } | undefined;

  function agentFor(ca: string): Agent {
    if (trusted?.ca !== ca) {
      trusted?.agent.destroy();
      trusted = { ca, agent: new Agent({ ca, keepAlive: true, maxSockets: 4, timeout: IDLE_MS_MAX }) };
    }
    return trusted.agent;
  }

  async function ask(method: 'GET' | 'PUT', path: string, body?: unknown): Promise<unknown> {
    const [ca, token] = await Promise.all([read(dir, 'ca.crt'), read(dir, 'token')]);
    const headers = {
      authorization: `Bearer ${token.trim()}`,
      accept: 'application/json',
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    };
    const { status, text } = await exchange(new URL(path, url), {
      method,
      headers,
      body: body === undefined ? undefined : JSON.stringify(body),
      timeoutMs: TIMEOUT_MS,
      agent: agentFor(ca),
    });
    if (status < 200 || status > 299) throw new KubernetesRefusal(status, method, path);
    return JSON.parse(text);
  }

  return {
    get: (path) => ask('GET', path),
    put: (path, body) => ask('PUT', path, body),
    namespace: async () => (await read(dir, 'namespace')).trim(),
  };
}

function read(dir: string, name: string): Promise<string> {
  return readFile(join(dir, name), 'utf8');
}
