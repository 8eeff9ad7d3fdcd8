export { cents, createdAt, currency, id, tenantIdColumn, time, updatedAt, version } from './columns.ts';
export {
  type Database,
  type DatabaseOptions,
  type ReadTx,
  type Tx,
  type WorkerTx,
  openDatabase,
} from './database.ts';
export { type BatchOptions, inBatches } from './in-batches.ts';
export { type MigrateOptions, migrate } from './migrate.ts';
export { type DatabaseUrls, type RolePasswords, provisionDatabase, provisionFromUrls } from './provision.ts';
export { connect, type Sql } from './connection.ts';
export {
  databaseProblem,
  isDatabaseAway,
  isRefusedValue,
  isRetryable,
  isUniqueViolation,
  isUnreachable,
} from './failures.ts';
export type { Sharing } from './shared-transactions.ts';
export { databaseMetrics } from './metrics.ts';
export { NOW, type RowValues, type SecondsFromNow, secondsFromNow, tableRows } from './table-rows.ts';
export { TENANT_SETTING } from './tenancy.ts';
