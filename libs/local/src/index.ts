export { scheduleAsBatch } from './batch-scheduling.ts';
export { buildServices } from './build.ts';
export {
  type NatsOptions,
  type NatsPlaces,
  type NatsServer,
  startNats,
  SYNC_ALWAYS_SINCE,
} from './nats-server.ts';
export { type PostgresOptions, type PostgresServer, startPostgres } from './postgres-server.ts';
export { freePorts } from './ports.ts';
export { isAtLeast } from './nats-binary.ts';
export {
  promtool,
  startPrometheus,
  type PrometheusOptions,
  type PrometheusServer,
  type ScrapeTarget,
} from './prometheus-server.ts';
export { ROOT } from './repository.ts';
export type { RunningSystem } from './running-system.ts';
export { seedDemo } from './seed.ts';
export { SetupError } from './setup-error.ts';
export { openTemporaryState, type State } from './state.ts';
export { DEMO_PASSWORD } from './seed-data.ts';
export { startSystem, type SystemOptions } from './system.ts';
export { readSystemFile, type SystemFile } from './system-file.ts';
