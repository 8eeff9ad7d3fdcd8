export { ID_PREFIXES, type Id, type IdKind, isId, newId } from './ids.ts';
export {
  CENTS_MAX,
  allocate,
  currencyExponent,
  formatMoney,
  grossTax,
  isCurrency,
  isCents,
  multiplyCents,
  netTax,
  parseDecimal,
  sumCents,
  toUnits,
} from './money.ts';
export {
  type FieldError,
  PROBLEM_STATUS,
  Problem,
  type ProblemKind,
  type ProblemOptions,
} from './problem.ts';
export { assertNever } from './assert-never.ts';
export { holdsCardNumber } from './card-number.ts';
export { isIban } from './iban.ts';
export { isCountry } from './countries.ts';
export { isTenantId, type TenantId, TENANT_ID_PATTERN, tenantId } from './tenant-id.ts';
export { type Batches, type BatchesOptions, createBatches } from './batches.ts';
export { createGate, type Gate, type GateOptions } from './gate.ts';
export { retryDelayMs } from './backoff.ts';
export { canonicalJson } from './canonical-json.ts';
export { createWaker, type Waker } from './waker.ts';
