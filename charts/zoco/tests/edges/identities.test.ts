import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { CALLS, EVENTS, HANDLES, type InternalCall, SERVICE_NAMES, WATCHES } from '@zoco/contracts';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';
import { CHART, find, type KubernetesObject, render } from '../render.ts';
import { identityEdges } from './requests.ts';

const Pod = z.object({
  template: z.object({
    spec: z.object({
      volumes: z.array(
        z.looseObject({
          projected: z
            .object({
              sources: z.array(
                z.looseObject({
                  serviceAccountToken: z
                    .object({ path: z.string(), audience: z.string().optional() })
                    .optional(),
                }),
              ),
            })
            .optional(),
        }),
      ),
    }),
  }),
});

function tokensOf(objects: readonly KubernetesObject[], service: string) {
  const { template } = Pod.parse(find(objects, 'Deployment', `zoco-${service}`)['spec']);
  return template.spec.volumes
    .flatMap(({ projected }) => projected?.sources ?? [])
    .flatMap(({ serviceAccountToken }) => serviceAccountToken ?? []);
}

describe('tokens of ServiceAccounts', () => {
  test('are for the callees of the call graph and nobody else', async () => {
    const objects = await render();
    const edges = SERVICE_NAMES.flatMap((service) =>
      tokensOf(objects, service).flatMap(({ path, audience }) => {
        if (audience === undefined) return [];
        const callee = audience.slice('zoco-'.length);
        expect([audience, path]).toEqual([`zoco-${callee}`, `${callee}/token`]);
        return `${service} → ${callee}`;
      }),
    );
    expect(edges.toSorted()).toEqual(identityEdges());
  });

  test('for the API server are for who is called with one, and the gateway, which asks for rollouts', async () => {
    const objects = await render();
    const calls: InternalCall[] = Object.values(CALLS);
    const asking = SERVICE_NAMES.filter((service) =>
      tokensOf(objects, service).some(({ audience }) => audience === undefined),
    );
    const called = new Set(calls.map(({ callee }) => callee));
    expect(asking).toEqual(SERVICE_NAMES.filter((name) => name === 'gateway' || called.has(name)));
  });
});

describe('permissions of NATS', () => {
  const { services } = z
    .object({
      services: z.record(
        z.string(),
        z.object({ publish: z.array(z.string()), subscribe: z.array(z.string()) }),
      ),
    })
    .parse(parse(readFileSync(join(CHART, 'charts/nats/files/permissions.yaml'), 'utf8')));
  const edgesOf = (direction: 'publish' | 'subscribe', pattern: RegExp) =>
    Object.entries(services)
      .flatMap(([service, permission]) =>
        permission[direction].flatMap((subject) => {
          const [, what] = pattern.exec(subject) ?? [];
          return what === undefined ? [] : `${service} ${what}`;
        }),
      )
      .toSorted();

  test('let each service publish its own events', () => {
    const expected = EVENTS.map(({ producer, type }) => `${producer} ${producer}.${type}`);
    const own = edgesOf('publish', /^zoco\.([a-z]+\.\w+\.\w+)\.\*$/);
    expect(own).toEqual(expected.toSorted());
  });

  test.each([
    ['ask', /^\$JS\.API\.CONSUMER\.INFO\.(\w+\.[\w-]+)$/],
    ['pull', /^\$JS\.API\.CONSUMER\.MSG\.NEXT\.(\w+\.[\w-]+)$/],
    ['acknowledge', /^\$JS\.ACK\.(\w+\.[\w-]+)\.>$/],
  ])('let each service %s at the durables of what it handles', (_what, pattern) => {
    const expected = SERVICE_NAMES.flatMap((service) =>
      HANDLES[service].map(
        ({ producer, type }) =>
          `${service} ${producer.toUpperCase()}.${service}-on-${type.replaceAll(/[._]/g, '-')}`,
      ),
    );
    expect(edgesOf('publish', pattern)).toEqual(expected.toSorted());
  });

  test('let each service see what it watches', () => {
    const expected = SERVICE_NAMES.flatMap((service) =>
      WATCHES[service].map(({ producer, type }) => `${service} ${producer}.${type}`),
    );
    expect(edgesOf('subscribe', /^zoco\.([a-z]+\.\w+\.\w+)\.\*$/)).toEqual(expected.toSorted());
  });

  test('hold no other right but the inbox, and between gateways their limits', () => {
    const known =
      /^(zoco\.[a-z]+\.\w+\.\w+\.\*|\$JS\.API\.CONSUMER\.(INFO|MSG\.NEXT)\.\w+\.[\w-]+|\$JS\.ACK\.\w+\.[\w-]+\.>)$/;
    for (const [service, { publish, subscribe }] of Object.entries(services)) {
      const others = new Set([...publish, ...subscribe].filter((subject) => !known.test(subject)));
      const limits = [...others].filter(
        (subject) => service === 'gateway' && subject.startsWith('zoco.gateway.'),
      );
      expect(others, service).toEqual(new Set([`_INBOX_${service}.>`, ...limits]));
    }
  });
});
