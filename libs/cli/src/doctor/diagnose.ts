import { plural } from '../terminal.ts';
import type { Finding } from './finding.ts';
import type { DatabaseFacts } from './probe-databases.ts';
import type { ConsumerFacts, NatsFacts, StreamFacts } from './probe-nats.ts';
import type { GatewayFacts, ServiceFacts } from './probe-services.ts';

// What facts mean and what to do about them. Values in, findings out: the probes have asked before.

const OUTBOX_AGE_SECONDS_MAX = 30;
const STREAM_FULL_SHARE = 0.8;

/** The system as a whole. `runnerLives` says whether the process that wrote the addresses still runs. */
export function diagnoseSystem(
  system: { pid: number; version: string } | undefined,
  runnerLives: boolean,
): Finding {
  const subject = 'this machine';
  if (system === undefined) {
    return {
      area: 'system',
      subject,
      state: 'wrong',
      detail: 'no Zoco runs from this checkout',
      advice: 'Start it with `npm start`, or name another one with --url.',
    };
  }
  if (!runnerLives) {
    return {
      area: 'system',
      subject,
      state: 'wrong',
      detail: `the runner (pid ${system.pid}) is gone without having stopped its services`,
      advice: 'Run `npm start`: it ends what was left behind and starts anew, the data stays.',
    };
  }
  return { area: 'system', subject, state: 'ok', detail: `version ${system.version}, pid ${system.pid}` };
}

export function diagnoseServices(services: readonly ServiceFacts[]): Finding[] {
  const versions = new Set(services.flatMap(({ status }) => (status === undefined ? [] : [status.version])));
  const mixed: Finding[] =
    versions.size < 2
      ? []
      : [
          {
            area: 'service',
            subject: 'versions',
            state: 'warning',
            detail: `several at once: ${[...versions].toSorted().join(', ')}`,
            advice: 'Finish the rollout, or restart what still runs the old one.',
          },
        ];
  return [...services.map(diagnoseService), ...mixed];
}

// What a failing check of readiness asks for, by its name.
const CHECK_ADVICE: Readonly<Record<string, string>> = {
  database: 'Start its Postgres, or correct DATABASE_URL; the service goes on by itself once it answers.',
  tenants: 'Bring up users, which knows the tenants; the service goes on by itself.',
  keys: 'Bring up users, which signs the tokens; the service goes on by itself.',
  migrations: 'Run the migrations of this version, then it becomes ready.',
};

function diagnoseService({ name, status, silence, failing, draining }: ServiceFacts): Finding {
  const log = `its log is .zoco/logs/${name}.log on this machine`;
  const finding = (state: Finding['state'], detail: string, advice?: string): Finding => ({
    area: 'service',
    subject: name,
    state,
    detail,
    ...(advice === undefined ? {} : { advice }),
  });
  if (status === undefined && failing === undefined) {
    return finding(
      'wrong',
      `does not answer (${silence})`,
      `Start it, or see why it does not: ${log} (docs/runbooks/service-down.md).`,
    );
  }
  if (status === undefined) {
    return finding('wrong', `runs, but its public port does not answer (${silence})`, `See why: ${log}.`);
  }
  if (draining) return finding('warning', 'is stopping', 'Wait until its successor is ready.');
  const [first] = failing ?? [];
  if (first !== undefined) {
    const reasons = (failing ?? []).map((check) => `${check.name}: ${check.detail}`).join(', ');
    return finding('wrong', `not ready: ${reasons}`, CHECK_ADVICE[first.name] ?? `See why: ${log}.`);
  }
  const { version, uptimeSeconds } = status;
  const running = uptimeSeconds === undefined ? version : `${version}, up ${duration(uptimeSeconds)}`;
  return failing === undefined
    ? finding(
        'warning',
        `${running}, but its admin port does not answer`,
        'Check ADMIN_PORT: nobody can tell whether it is ready.',
      )
    : finding('ok', running);
}

/** What a gateway elsewhere tells. */
export function diagnoseGateway(url: string, facts: GatewayFacts): Finding[] {
  const gateway = { area: 'service', subject: 'gateway' } as const;
  if ('silence' in facts) {
    const detail = `does not answer at ${url} (${facts.silence})`;
    return [{ ...gateway, state: 'wrong', detail, advice: 'Is the address right, and its ingress up?' }];
  }
  return [
    { ...gateway, state: 'ok', detail: `answers at ${url}` },
    ...facts.services.map(({ name, state, version, latencyMs }): Finding => {
      const known = [version, latencyMs === undefined ? undefined : `${Math.round(latencyMs)} ms`];
      const detail = [state, ...known.filter((one) => one !== undefined)].join(', ');
      if (state === 'up') return { area: 'service', subject: name, state: 'ok', detail };
      const isAbsent = state === 'not_deployed';
      const advice = isAbsent
        ? 'Deploy it, or leave it out on purpose.'
        : `See why ${name} does not answer the gateway: its log, its pods, its network policy.`;
      return { area: 'service', subject: name, state: isAbsent ? 'warning' : 'wrong', detail, advice };
    }),
  ];
}

export function diagnoseNats(nats: NatsFacts): Finding[] {
  if ('fault' in nats) {
    return [
      {
        area: 'nats',
        subject: 'server',
        state: 'wrong',
        detail: nats.fault,
        advice:
          'Start NATS again; if its store is lost, run `zoco replay` then (docs/runbooks/nats-down.md).',
      },
    ];
  }
  return [
    { area: 'nats', subject: 'server', state: 'ok', detail: `${nats.version} at ${nats.host}` },
    ...nats.streams.map(diagnoseStream),
    ...nats.consumers.map(diagnoseConsumer),
  ];
}

function diagnoseStream({ name, state }: StreamFacts): Finding {
  const area = 'stream';
  if (state === undefined) {
    return {
      area,
      subject: name,
      state: 'wrong',
      detail: 'does not exist',
      advice: 'Run `zoco replay`: it makes the streams and fills them from the outboxes.',
    };
  }
  const detail = `${plural(state.messages, 'event')}, ${Math.ceil(state.bytes / 1024 ** 2)} MB`;
  if (state.bytesMax > 0 && state.bytes > STREAM_FULL_SHARE * state.bytesMax) {
    const advice = 'Give it more space: a full stream refuses new events, which then wait in the outbox.';
    return { area, subject: name, state: 'warning', detail: `${detail}: nearly full`, advice };
  }
  return { area, subject: name, state: 'ok', detail };
}

function diagnoseConsumer({ durable, service, lag }: ConsumerFacts): Finding {
  const area = 'consumer';
  if (lag === undefined) {
    const advice =
      'Run the provisioning step (`npm start` does; so does `zoco replay` when a stream is missing).';
    return { area, subject: durable, state: 'wrong', detail: 'does not exist', advice };
  }
  const { waiting, inHand, moves } = lag;
  if (waiting + inHand === 0) return { area, subject: durable, state: 'ok', detail: 'nothing waits' };
  const detail = `${plural(waiting, 'event')} wait, ${inHand} in hand`;
  if (moves) return { area, subject: durable, state: 'ok', detail: `${detail}, moving` };
  return {
    area,
    subject: durable,
    state: waiting > 0 ? 'wrong' : 'warning',
    detail: `${detail}, and nothing moved in a second`,
    advice: `Is ${service} up? What fails is tried again after up to 15 minutes; its log says why (docs/runbooks/consumer-stuck.md).`,
  };
}

export function diagnoseDatabase(facts: DatabaseFacts): Finding[] {
  const { name } = facts;
  if ('fault' in facts) {
    const advice = 'Start Postgres again: the services wait for it.';
    return [{ area: 'outbox', subject: name, state: 'wrong', detail: facts.fault, advice }];
  }
  return [diagnoseOutbox(facts), ...diagnoseDeadLetters(facts)];
}

type Readable = Extract<DatabaseFacts, { pending: number }>;

function diagnoseOutbox({ name, pending, oldestSeconds }: Readable): Finding {
  const area = 'outbox';
  if (pending === 0) return { area, subject: name, state: 'ok', detail: 'all published' };
  const detail = `${plural(pending, 'event')} to publish, the oldest ${duration(oldestSeconds)} old`;
  if (oldestSeconds <= OUTBOX_AGE_SECONDS_MAX) return { area, subject: name, state: 'ok', detail };
  const advice = `Bring up NATS and ${name}, whose relay publishes them: nothing is lost meanwhile (docs/runbooks/outbox-stuck.md).`;
  return { area, subject: name, state: 'wrong', detail, advice };
}

function diagnoseDeadLetters({ name, dead, deadNewest }: Readable): Finding[] {
  if (dead === 0) return [];
  const [newest] = deadNewest;
  return [
    {
      area: 'dead letters',
      subject: name,
      state: 'wrong',
      detail: `${plural(dead, 'event')} could not be handled; the newest: ${newest?.subject} by ${newest?.consumer}: ${newest?.error}`,
      advice: `Mend what the error names, then \`zoco redrive --service ${name}\` (docs/runbooks/dead-letters.md).`,
    },
  ];
}

const MINUTE = 60;
const HOUR = 3600;
const DAY = 24 * HOUR;

function duration(seconds: number): string {
  if (seconds < MINUTE) return `${Math.floor(seconds)} s`;
  if (seconds < HOUR) return `${Math.floor(seconds / MINUTE)} min`;
  return seconds < DAY ? `${Math.floor(seconds / HOUR)} h` : `${Math.floor(seconds / DAY)} d`;
}
