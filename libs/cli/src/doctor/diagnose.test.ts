import { describe, expect, test } from 'vitest';
import {
  diagnoseDatabase,
  diagnoseGateway,
  diagnoseNats,
  diagnoseServices,
  diagnoseSystem,
} from './diagnose.ts';
import type { Finding } from './finding.ts';
import type { ServiceFacts } from './probe-services.ts';

const brief = (findings: Finding[]) => findings.map(({ subject, state }) => `${subject} ${state}`);

/** Whatever is not right comes with one sentence of advice. */
function expectAdvised(findings: Finding[]): void {
  for (const { state, advice } of findings) expect(advice === undefined).toBe(state === 'ok');
}

test.each([
  ['nothing runs', undefined, false, 'wrong', /npm start/],
  ['the runner was killed', { pid: 7, version: '1.0.0' }, false, 'wrong', /left behind/],
  ['it runs', { pid: 7, version: '1.0.0' }, true, 'ok', /^$/],
])('system: %s', (_what, system, lives, state, advice) => {
  const finding = diagnoseSystem(system, lives);
  expect(finding).toMatchObject({ state });
  expect(finding.advice ?? '').toMatch(advice);
});

describe('services', () => {
  const up: ServiceFacts = {
    name: 'orders',
    status: { version: '1.0.0', uptimeSeconds: 125 },
    silence: undefined,
    failing: [],
    draining: false,
  };
  const down = { ...up, status: undefined, failing: undefined, silence: 'connect ECONNREFUSED' };

  test.each<[string, ServiceFacts, string, RegExp]>([
    ['up', up, 'ok', /1\.0\.0, up 2 min/],
    [
      'up, for nobody knows how long',
      { ...up, status: { version: '1.0.0', uptimeSeconds: undefined } },
      'ok',
      /^1\.0\.0$/,
    ],
    ['down', down, 'wrong', /does not answer \(connect ECONNREFUSED\)/],
    ['half up', { ...down, failing: [] }, 'wrong', /public port does not answer/],
    ['without admin port', { ...up, failing: undefined }, 'warning', /admin port does not answer/],
    ['stopping', { ...up, draining: true }, 'warning', /is stopping/],
    [
      'not ready',
      {
        ...up,
        failing: [
          { name: 'database', detail: 'connect ECONNREFUSED' },
          { name: 'tenants', detail: 'no' },
        ],
      },
      'wrong',
      /not ready: database: connect ECONNREFUSED, tenants: no/,
    ],
  ])('%s', (_what, facts, state, detail) => {
    const [finding, ...more] = diagnoseServices([facts]);
    expect(more).toEqual([]);
    expect(finding).toMatchObject({ subject: 'orders', state });
    expect(finding?.detail).toMatch(detail);
    expectAdvised(diagnoseServices([facts]));
  });

  test.each([
    ['database', /Postgres/],
    ['tenants', /users/],
    ['something new', /log/],
  ])('a failing check %s has its cure', (name, cure) => {
    const [finding] = diagnoseServices([{ ...up, failing: [{ name, detail: 'no' }] }]);
    expect(finding?.advice).toMatch(cure);
  });

  test('several versions at once are told', () => {
    const other = { ...up, name: 'cart' as const, status: { version: '1.1.0', uptimeSeconds: 1 } };
    expect(brief(diagnoseServices([up, other]))).toContain('versions warning');
    expect(brief(diagnoseServices([up, { ...up, name: 'cart' }]))).not.toContain('versions warning');
    expect(brief(diagnoseServices([up, down]))).not.toContain('versions warning');
  });
});

test('a gateway elsewhere: what it says of each service', () => {
  const known = { version: '1.0.0', latencyMs: 1.4 };
  const unknown = { version: undefined, latencyMs: undefined };
  const findings = diagnoseGateway('https://shop.example', {
    services: [
      { name: 'orders', state: 'up', ...known },
      { name: 'cart', state: 'down', ...unknown },
      { name: 'invoicing', state: 'not_deployed', ...unknown },
    ],
  });
  expect(brief(findings)).toEqual(['gateway ok', 'orders ok', 'cart wrong', 'invoicing warning']);
  expect(findings[1]?.detail).toBe('up, 1.0.0, 1 ms');
  expectAdvised(findings);
  expectAdvised(diagnoseGateway('https://shop.example', { silence: 'no route' }));
});

describe('NATS', () => {
  const server = { host: 'h:1', version: '2.12.6', streams: [], consumers: [] };

  test('down', () => {
    const findings = diagnoseNats({ fault: 'does not answer' });
    expect(brief(findings)).toEqual(['server wrong']);
    expectAdvised(findings);
  });

  test.each([
    ['there', { messages: 3, bytes: 10, bytesMax: 1000 }, 'ok'],
    ['without a limit', { messages: 3, bytes: 10, bytesMax: -1 }, 'ok'],
    ['nearly full', { messages: 3, bytes: 900, bytesMax: 1000 }, 'warning'],
    ['missing', undefined, 'wrong'],
  ])('a stream that is %s', (_what, state, expected) => {
    const findings = diagnoseNats({ ...server, streams: [{ name: 'ORDERS', state }] });
    expect(brief(findings)).toEqual(['server ok', `ORDERS ${expected}`]);
    expectAdvised(findings);
  });

  test.each([
    ['with nothing to do', { waiting: 0, inHand: 0, moves: false }, 'ok'],
    ['at work', { waiting: 9, inHand: 4, moves: true }, 'ok'],
    ['waiting for a retry', { waiting: 0, inHand: 1, moves: false }, 'warning'],
    ['stuck', { waiting: 9, inHand: 4, moves: false }, 'wrong'],
    ['missing', undefined, 'wrong'],
  ])('a consumer that is %s', (_what, lag, expected) => {
    const consumer = { durable: 'cart-on-order-created', service: 'cart' as const, lag };
    const findings = diagnoseNats({ ...server, consumers: [consumer] });
    expect(brief(findings)).toEqual(['server ok', `cart-on-order-created ${expected}`]);
    expectAdvised(findings);
  });
});

describe('databases', () => {
  const empty = { name: 'orders' as const, pending: 0, oldestSeconds: 0, dead: 0, deadNewest: [] };

  test.each([
    ['empty', empty, ['orders ok']],
    ['busy', { ...empty, pending: 40, oldestSeconds: 3 }, ['orders ok']],
    ['old', { ...empty, pending: 1, oldestSeconds: 31 }, ['orders wrong']],
    [
      'with dead letters',
      { ...empty, dead: 2, deadNewest: [{ consumer: 'c', subject: 's', error: 'boom' }] },
      ['orders ok', 'orders wrong'],
    ],
    ['away', { name: 'orders' as const, fault: 'no answer' }, ['orders wrong']],
  ])('%s', (_what, facts, expected) => {
    const findings = diagnoseDatabase(facts);
    expect(brief(findings)).toEqual(expected);
    expectAdvised(findings);
  });

  test('a dead letter shows its error and the command that tries it again', () => {
    const letters = [
      { consumer: 'cart-on-order-created', subject: 'zoco.orders.order.created.acme', error: 'boom' },
    ];
    const finding = diagnoseDatabase({ ...empty, dead: 1, deadNewest: letters })[1];
    expect(finding?.detail).toContain('boom');
    expect(finding?.advice).toContain('zoco redrive --service orders');
  });
});
