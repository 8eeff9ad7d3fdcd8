export {
  type Access,
  anonymous,
  atLeast,
  hasRole,
  internal,
  open,
  SCOPES,
  type Scope,
  signedIn,
} from './access.ts';
export {
  ACCESS_TOKEN_SECONDS,
  accessTokenVerifier,
  type Principal,
  remoteKeys,
  TOKEN_AUDIENCE,
  TOKEN_ISSUER,
  type VerifyAccessToken,
} from './access-token.ts';
export { createAdminApp, type Readiness, type ReadinessCheck } from './admin.ts';
export { type AppOptions, createApp } from './app.ts';
export {
  CallOutcomeUnknown,
  type CallService,
  createCaller,
  REQUEST_ID_HEADER,
  SERVICE_TOKEN_HEADER,
  TIMEOUT_HEADER,
} from './call.ts';
export {
  baseEnv,
  ConfigError,
  databaseEnv,
  type MigrationConfig,
  migrationEnv,
  readConfig,
} from './config.ts';
export { type AppEnv, createCtx, type Ctx, type UserCtx } from './context.ts';
export { createFailpoint, type Failpoint } from './failpoint.ts';
export { type GuardDeps, tenantNotFound } from './guard.ts';
export {
  fingerprintOf,
  IDEMPOTENCY_IN_FLIGHT,
  IDEMPOTENCY_REPLAYED_HEADER,
  idempotencyHeaders,
  idempotencyKeyInFlight,
  idempotencyKeyOf,
  idempotencyKeyReused,
  optionalIdempotencyHeaders,
} from './idempotency-key.ts';
export { addressInput, textField } from './text-field.ts';
export { JSON_BYTES_MAX, parseJson, readBytes, refuseEncoding, textFault } from './json-body.ts';
export { type RunningServer, runningServer, serve, untilAborted } from './lifecycle.ts';
export { type Election, startElection } from './lease-election.ts';
export { createLogger, type Logger } from './log.ts';
export { addMetricSample, type MetricSample } from './metric-samples.ts';
export { knownMethod, observeRequest, registry, startRuntimeMetrics } from './metrics.ts';
export { openapiDocument, writeOpenapi } from './openapi-document.ts';
export { decodeCursor, encodeCursor, pageOf, pageQuery, queryInteger, toPage } from './pagination.ts';
export {
  internalErrorAnswer,
  internalErrorResponse,
  invalidRequest,
  type ProblemAnswer,
  problemAnswer,
  problemResponse,
  problemSchema,
} from './problem-response.ts';
export { ACCESS_EXTENSION, createRouter, defineRoute } from './route.ts';
export {
  createKubernetesApi,
  type KubernetesApi,
  kubernetesEnv,
  KubernetesRefusal,
} from './kubernetes-api.ts';
export { openIdentity } from './open-identity.ts';
export { type Service, serveUntilStopped, type ServingOptions, startService } from './service.ts';
export { createIdentity, loadIdentity, type ServiceIdentity } from './service-identity.ts';
export { type AnsweredRequest, describeRequest } from './request-span.ts';
export {
  currentTraceId,
  currentTraceparent,
  failSpan,
  inDetailSpan,
  inSpan,
  isRecorded,
  isSampled,
  type SpanOptions,
  startTelemetry,
} from './telemetry.ts';
export { active, createTenantDirectory, type TenantDirectory, type Tenants } from './tenants.ts';
export { type Admission, admission, createAdmission } from './overload.ts';
