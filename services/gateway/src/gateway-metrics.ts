import { Counter, Gauge, Histogram } from 'prom-client';
import { registry } from '@zoco/service';

const registers = [registry];

export const upstreamDuration = new Histogram({
  name: 'zoco_gateway_upstream_duration_seconds',
  help: 'Time to the head of a service’s answer, by service and status; status 0 means no answer.',
  labelNames: ['upstream', 'status'],
  buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
  registers,
});

export const breakerOpen = new Gauge({
  name: 'zoco_gateway_breaker_open',
  help: '1 while the circuit breaker of a service is open or waits for its probe.',
  labelNames: ['upstream'],
  registers,
});

export const breakerOpened = new Counter({
  name: 'zoco_gateway_breaker_opened_total',
  help: 'Times that the circuit breaker of a service opened.',
  labelNames: ['upstream'],
  registers,
});

export const retriesMade = new Counter({
  name: 'zoco_gateway_retries_total',
  help: 'Repeated requests to a service.',
  labelNames: ['upstream'],
  registers,
});

export const rateLimited = new Counter({
  name: 'zoco_gateway_rate_limited_total',
  help: 'Requests answered 429, by the limit that refused them.',
  labelNames: ['policy'],
  registers,
});

export const limitExchanges = new Counter({
  name: 'zoco_gateway_limit_exchanges_total',
  help: 'Times that this replica asked the others what they have counted of a limit.',
  registers,
});

export const cacheLookups = new Counter({
  name: 'zoco_gateway_cache_lookups_total',
  help: 'Cacheable requests, by result: hit, revalidated or miss.',
  labelNames: ['result'],
  registers,
});

export const streamsOpen = new Gauge({
  name: 'zoco_gateway_streams_open',
  help: 'Server-sent event streams that are open.',
  registers,
});
