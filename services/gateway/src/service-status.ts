import { SERVICE_NAMES, type ServiceName } from '@zoco/contracts';
import { z } from 'zod';
import type { Clock } from './clock.ts';

export interface ServiceStatus {
  readonly status: 'up' | 'down' | 'not_deployed';
  readonly version: string | null;
  readonly latency_ms: number | null;
}

/** How every service is, by name, asked all at once. */
export type CheckServices = () => Promise<Record<string, ServiceStatus>>;

export interface CheckServicesOptions {
  readonly urls: ReadonlyMap<ServiceName, string>;
  readonly version: string;
  readonly clock: Clock;
}

const CHECK_MS_MAX = 1000;
// However often somebody reloads the page, a service is asked once a second.
const REMEMBER_MS = 1000;

const health = z.object({ version: z.string() });

export function createServiceCheck({ urls, version, clock }: CheckServicesOptions): CheckServices {
  let last: { readonly result: ReturnType<CheckServices>; readonly startedMs: number } | undefined;

  async function check(name: ServiceName): Promise<[ServiceName, ServiceStatus]> {
    if (name === 'gateway') return [name, { status: 'up', version, latency_ms: 0 }];
    const url = urls.get(name);
    if (url === undefined) return [name, { status: 'not_deployed', version: null, latency_ms: null }];
    const startedMs = clock.monotonicMs();
    try {
      const signal = AbortSignal.timeout(CHECK_MS_MAX);
      const response = await fetch(new URL('/health', url), { signal, redirect: 'error' });
      if (!response.ok) throw new Error(`${name} answered ${response.status}`);
      const answer = health.parse(await response.json());
      const latency = Math.round((clock.monotonicMs() - startedMs) * 10) / 10;
      return [name, { status: 'up', version: answer.version, latency_ms: latency }];
    } catch {
      return [name, { status: 'down', version: null, latency_ms: null }];
    }
  }

  async function checkAll(): Promise<Record<string, ServiceStatus>> {
    return Object.fromEntries(await Promise.all(SERVICE_NAMES.map(check)));
  }

  return () => {
    const nowMs = clock.monotonicMs();
    if (last === undefined || nowMs >= last.startedMs + REMEMBER_MS)
      last = { result: checkAll(), startedMs: nowMs };
    return last.result;
  };
}
