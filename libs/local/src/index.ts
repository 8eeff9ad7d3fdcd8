export { type NatsOptions, type NatsServer, startNats } from './nats-server.ts';
export { type PostgresOptions, type PostgresServer, startPostgres } from './postgres-server.ts';
export { SetupError } from './setup-error.ts';
export { openTemporaryState, type TemporaryState } from './temporary-state.ts';
