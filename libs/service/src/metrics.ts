import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';

/** Every metric of this process; served on the admin port. */
export const registry = new Registry();

export function startRuntimeMetrics(service: string, version: string): void {
  registry.setDefaultLabels({ service });
  collectDefaultMetrics({ register: registry });
  const info = new Gauge({
    name: 'zoco_build_info',
    help: 'Version of the service.',
    labelNames: ['version'],
    registers: [registry],
  });
  info.set({ version }, 1);
}

/** Time of a request by route pattern, never by path: the number of series stays bounded. */
export const httpDuration = new Histogram({
  name: 'http_server_request_duration_seconds',
  help: 'Time from the first byte of a request to the end of its answer.',
  labelNames: ['method', 'route', 'status'],
  buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
  registers: [registry],
});

export const callDuration = new Histogram({
  name: 'http_client_request_duration_seconds',
  help: 'Time of an internal call by callee and call name; status 0 means no answer.',
  labelNames: ['callee', 'call', 'status'],
  buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5],
  registers: [registry],
});

export const refusedRequests = new Counter({
  name: 'zoco_requests_refused_total',
  help: 'Requests answered 503 because the service was overloaded, by reason.',
  labelNames: ['reason'],
  registers: [registry],
});
