export { loadConfig, type SandboxOptions, testOptions } from './config.ts';
export type { FaultInput } from './faults.ts';
export type { JournalFilter, MoneyMove } from './money-journal.ts';
export { startStripeSandbox, type StripeSandbox } from './start.ts';
export { signatureHeader } from './webhooks.ts';
