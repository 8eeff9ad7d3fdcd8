import { describe, expect, test } from 'vitest';
import { durableOf, envelopeSchema, streamOf, subjectOf } from './event.ts';
import { CALLS, EVENTS, HANDLES, type InternalCall, PUBLIC_ROUTES, WATCHES } from './graph.ts';
import { exampleMessage } from './reference/json-schema.ts';
import { isServiceName, SERVICE_NAMES, SERVICES } from './services.ts';

const calls: readonly (readonly [string, InternalCall])[] = Object.entries(CALLS);
const consumed = SERVICE_NAMES.flatMap((service) =>
  [...HANDLES[service], ...WATCHES[service]].map((event) => ({ service, event })),
);

describe('events', () => {
  test.each(EVENTS.map((event) => [event.type, event] as const))('%s is well formed', (type, event) => {
    expect(type).toMatch(/^[a-z]+(_[a-z]+)*\.[a-z]+(_[a-z]+)*$/);
    expect(SERVICES[event.producer].database, 'an outbox needs a database').toBe(true);
    expect(event.data.safeParse(event.example).error).toBeUndefined();
    expect(envelopeSchema.safeParse(exampleMessage(event)).error).toBeUndefined();
    expect(subjectOf(event, '*')).toBe(`zoco.${streamOf(event.producer).toLowerCase()}.${type}.*`);
  });

  test('no two have the same name', () => {
    expect(new Set(EVENTS.map(({ type }) => type)).size).toBe(EVENTS.length);
  });

  test('what somebody handles or watches is an event of the system', () => {
    expect(consumed.filter(({ event }) => !EVENTS.includes(event))).toEqual([]);
  });

  test('who handles events has an inbox', () => {
    const handling = SERVICE_NAMES.filter((service) => HANDLES[service].length > 0);
    expect(handling.filter((service) => !SERVICES[service].database)).toEqual([]);
  });

  test('no two handlers share a durable consumer', () => {
    const durables = SERVICE_NAMES.flatMap((service) =>
      HANDLES[service].map((event) => durableOf(service, event)),
    );
    expect(new Set(durables).size).toBe(durables.length);
  });
});

describe('internal calls', () => {
  test.each(calls)('%s is between services that exist', (_name, call) => {
    expect(isServiceName(call.callee)).toBe(true);
    expect(call.callers.length).toBeGreaterThan(0);
    for (const caller of call.callers) expect(isServiceName(caller), caller).toBe(true);
    expect(call.callers, 'a service does not call itself').not.toContain(call.callee);
  });

  test('no two have the same method and path at one callee', () => {
    const places = calls.map(([, { callee, method, path }]) => `${method} ${callee}${path}`);
    expect(new Set(places).size).toBe(places.length);
  });
});

describe('public routes', () => {
  test('each prefix belongs to one service, and none to the gateway itself', () => {
    expect(new Set(PUBLIC_ROUTES.map(({ prefix }) => prefix)).size).toBe(PUBLIC_ROUTES.length);
    for (const { prefix, service } of PUBLIC_ROUTES) {
      expect(prefix).toMatch(/^(\/[a-z-]+)+$/);
      expect(isServiceName(service) && service !== 'gateway', service).toBe(true);
    }
  });

  test('every service can be reached from the gateway, by a route, a call or an event', () => {
    const edges = [
      ...PUBLIC_ROUTES.map(({ service }) => ['gateway', service]),
      ...calls.flatMap(([, { callee, callers }]) => callers.map((caller) => [caller, callee])),
      ...consumed.map(({ service, event }) => [event.producer, service]),
    ];
    const reached = new Set(['gateway']);
    for (let before = 0; before !== reached.size;) {
      before = reached.size;
      for (const [from, to] of edges) if (from && to && reached.has(from)) reached.add(to);
    }
    expect([...reached].toSorted()).toEqual(SERVICE_NAMES.toSorted());
  });
});
