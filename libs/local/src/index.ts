export { type NatsOptions, type NatsServer, startNats } from './nats-server.ts';
export { type PostgresOptions, type PostgresServer, startPostgres } from './postgres-server.ts';
export type { RunningSystem } from './running-system.ts';
export { SetupError } from './setup-error.ts';
export { openTemporaryState, type State } from './state.ts';
export { DEMO_PASSWORD } from './seed-data.ts';
export { ROOT, startSystem, type SystemOptions } from './system.ts';
export { readSystemFile, type SystemFile } from './system-file.ts';
