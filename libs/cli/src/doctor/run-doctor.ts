import { SERVICE_NAMES, type ServiceName } from '@zoco/contracts';
import type { SystemFile } from '@zoco/local';
import type { RunOptions } from '../run.ts';
import {
  DATABASE_SERVICES,
  gatewayUrl,
  isLoopback,
  natsUrl,
  prometheusUrl,
  saidUrl,
  serviceUrls,
  type Surroundings,
  workerUrl,
} from '../surroundings.ts';
import { coloured, type Colour, plural, type Terminal } from '../terminal.ts';
import {
  diagnoseDatabase,
  diagnoseGateway,
  diagnoseNats,
  diagnoseServices,
  diagnoseSystem,
} from './diagnose.ts';
import { diagnoseAlerts, diagnoseMetrics } from './diagnose-signals.ts';
import type { Finding } from './finding.ts';
import { probeDatabase } from './probe-databases.ts';
import { probeNats } from './probe-nats.ts';
import { probeGateway, probeService } from './probe-services.ts';
import { probeAlerts, probeMetrics } from './probe-signals.ts';

export interface DoctorCommand {
  readonly url: string | undefined;
  readonly json: boolean;
}

/** Looks at everything that can be reached and says what to do about what is wrong. @returns 1 when something is */
export async function runDoctor(command: DoctorCommand, options: RunOptions): Promise<number> {
  const findings = await examine(command, options.surroundings);
  const wrong = findings.filter(({ state }) => state === 'wrong').length;
  if (command.json) options.terminal.out(JSON.stringify({ ok: wrong === 0, findings }, null, 2));
  else print(options.terminal, findings, wrong);
  return wrong === 0 ? 0 : 1;
}

async function examine(command: DoctorCommand, surroundings: Surroundings): Promise<Finding[]> {
  const url = saidUrl(surroundings, command.url);
  const isFar = url !== undefined && !isLoopback(url);
  const [near, nats, databases, signals, alerts] = await Promise.all([
    isFar
      ? probeGateway(url).then((facts) => diagnoseGateway(url, facts))
      : examineMachine(surroundings, url),
    examineNats(surroundings),
    examineDatabases(surroundings),
    isFar ? [] : examineMetrics(surroundings),
    examineAlerts(surroundings),
  ]);
  return [...near, ...nats, ...databases, ...signals, ...alerts];
}

async function examineMachine(surroundings: Surroundings, url: string | undefined): Promise<Finding[]> {
  const { system } = surroundings;
  const names = system === undefined ? SERVICE_NAMES : servicesOf(system);
  const services = await Promise.all(
    names.map((name) => probeService(name, serviceUrls(surroundings, name))),
  );
  const nobody = services.every(({ status, failing }) => status === undefined && failing === undefined);
  if (system !== undefined) {
    return [diagnoseSystem(system, isAlive(system.pid)), ...diagnoseServices(services)];
  }
  // Seven times "does not answer" would say no more than this.
  if (nobody) return [diagnoseSystem(undefined, false)];
  const place = url ?? gatewayUrl(surroundings, undefined);
  const note: Finding = {
    area: 'system',
    subject: 'this machine',
    state: 'ok',
    detail: `services at ${place}`,
  };
  return [note, ...diagnoseServices(services)];
}

async function examineNats(surroundings: Surroundings): Promise<Finding[]> {
  const url = natsUrl(surroundings);
  return url === undefined ? [] : diagnoseNats(await probeNats(url));
}

async function examineDatabases(surroundings: Surroundings): Promise<Finding[]> {
  const known = DATABASE_SERVICES.filter((name) => workerUrl(surroundings, name) !== undefined);
  const facts = await Promise.all(known.map((name) => probeDatabase(surroundings, name)));
  return facts.flatMap(diagnoseDatabase);
}

async function examineMetrics(surroundings: Surroundings): Promise<Finding[]> {
  const names = surroundings.system === undefined ? SERVICE_NAMES : servicesOf(surroundings.system);
  return diagnoseMetrics(
    await Promise.all(names.map((name) => probeMetrics(name, serviceUrls(surroundings, name).adminUrl))),
  );
}

async function examineAlerts(surroundings: Surroundings): Promise<Finding[]> {
  const url = prometheusUrl(surroundings);
  return url === undefined ? [] : diagnoseAlerts(await probeAlerts(url));
}

function servicesOf(system: SystemFile): ServiceName[] {
  return SERVICE_NAMES.filter((name) => system.services[name] !== undefined);
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // Somebody else's process is a process too.
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}

const COLOUR: Readonly<Record<Finding['state'], Colour>> = { ok: 'green', warning: 'yellow', wrong: 'red' };
const SIGN: Readonly<Record<Finding['state'], string>> = { ok: 'ok', warning: '??', wrong: '!!' };

function print(terminal: Terminal, findings: readonly Finding[], wrong: number): void {
  const width = Math.max(0, ...findings.map(({ subject }) => subject.length));
  let area = '';
  for (const { state, subject, detail, advice, ...finding } of findings) {
    if (finding.area !== area) terminal.out(coloured(terminal, 'dim', finding.area));
    area = finding.area;
    const sign = coloured(terminal, COLOUR[state], SIGN[state]);
    terminal.out(`  ${sign} ${subject.padEnd(width)}  ${detail}`);
    if (advice !== undefined) terminal.out(`     ${' '.repeat(width)}  → ${advice}`);
  }
  terminal.out(wrong === 0 ? 'All is well.' : `${plural(wrong, 'thing')} to do.`);
}
