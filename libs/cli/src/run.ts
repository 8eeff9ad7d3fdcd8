import { resolve } from 'node:path';
import { assertNever } from '@zoco/kernel';
import { createApi } from './api.ts';
import {
  type Command,
  type Connection,
  type ImportOrders,
  type ImportProducts,
  parseCommand,
  type Smoke,
} from './command-line.ts';
import { runDoctor } from './doctor/run-doctor.ts';
import { redriveAll } from './events/redrive-all.ts';
import { replayAll } from './events/replay-all.ts';
import { CliFailure } from './failure.ts';
import { HELP } from './help.ts';
import { importOrders } from './orders/import-orders.ts';
import { printOrders } from './orders/print-orders.ts';
import { importProducts } from './products/import-products.ts';
import { printImport } from './products/print-import.ts';
import { openReport } from './refusal-report.ts';
import { credentialsFor } from './sign-in.ts';
import { smokeCredentials } from './smoke/credentials.ts';
import { smoke } from './smoke/smoke.ts';
import { gatewayUrl, type Surroundings } from './surroundings.ts';
import type { Terminal } from './terminal.ts';

export interface RunOptions {
  readonly surroundings: Surroundings;
  readonly terminal: Terminal;
  readonly signal: AbortSignal;
}

/**
 * Runs one command.
 * @returns the exit code of the process
 */
export async function run(args: readonly string[], options: RunOptions): Promise<number> {
  try {
    return await dispatch(parseCommand(args), options);
  } catch (error) {
    if (!(error instanceof CliFailure)) throw error;
    options.terminal.note(error.message);
    return error.exitCode;
  }
}

async function dispatch(command: Command, options: RunOptions): Promise<number> {
  switch (command.name) {
    case 'help':
      options.terminal.out(HELP);
      return 0;
    case 'import products':
      return runImportProducts(command, options);
    case 'import orders':
      return runImportOrders(command, options);
    case 'replay':
      return replayAll(command, options);
    case 'redrive':
      return redriveAll(command, options);
    case 'smoke':
      return runSmoke(command, options);
    case 'doctor':
      return runDoctor(command, options);
    default:
      return assertNever(command);
  }
}

async function runImportProducts(command: ImportProducts, options: RunOptions): Promise<number> {
  const report = await openReport(resolveIn(options, command.report));
  try {
    const imported = await importProducts({
      file: resolve(options.surroundings.folder, command.file),
      format: command.format,
      api: connect(command, options),
      terminal: options.terminal,
      report,
    });
    printImport(options.terminal, imported, command.report);
    return command.strict && imported.refusedCount > 0 ? 1 : 0;
  } finally {
    await report.close();
  }
}

async function runImportOrders(command: ImportOrders, options: RunOptions): Promise<number> {
  const report = await openReport(resolveIn(options, command.report));
  try {
    const imported = await importOrders({
      file: resolve(options.surroundings.folder, command.file),
      concurrency: command.concurrency,
      limit: command.limit,
      api: connect(command, options),
      terminal: options.terminal,
      report,
    });
    printOrders(options.terminal, imported, command.report);
    const isIncomplete = imported.refusedCount > 0 || imported.unreadableCount > 0;
    const isBad = imported.brokenCount > 0 || (command.strict && isIncomplete);
    return isBad ? 1 : 0;
  } finally {
    await report.close();
  }
}

async function runSmoke(command: Smoke, { surroundings, terminal, signal }: RunOptions): Promise<number> {
  const url = gatewayUrl(surroundings, command.url);
  const credentials = smokeCredentials(command, surroundings, url);
  const timeoutMs = command.timeoutSeconds * 1000;
  await smoke({ url, tenant: command.tenant, credentials, timeoutMs, terminal, signal });
  return 0;
}

function resolveIn({ surroundings }: RunOptions, file: string | undefined): string | undefined {
  return file === undefined ? undefined : resolve(surroundings.folder, file);
}

function connect(connection: Connection, { surroundings, signal }: RunOptions) {
  const url = gatewayUrl(surroundings, connection.url);
  return createApi({
    url,
    tenant: connection.tenant,
    credentials: credentialsFor(connection, surroundings, url),
    signal,
  });
}
