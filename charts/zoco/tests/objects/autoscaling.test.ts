import { durableOf, HANDLES, SERVICE_NAMES, streamOf } from '@zoco/contracts';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { find, ofKind, render } from '../render.ts';

const Triggers = z.looseObject({
  triggers: z.array(z.looseObject({ type: z.string(), metadata: z.record(z.string(), z.string()) })),
});

const Ports = z.looseObject({ ports: z.array(z.looseObject({ port: z.number() })) });

const CONSUMERS = SERVICE_NAMES.filter((service) => HANDLES[service].length > 0 && service !== 'users');

test('KEDA looks at the consumers that a service has, where NATS counts them', async () => {
  const objects = await render(
    [],
    CONSUMERS.map((service) => `${service}.keda.enabled=true`),
  );
  expect(ofKind(objects, 'ScaledObject')).toHaveLength(CONSUMERS.length);
  const nats = JSON.stringify(find(objects, 'ConfigMap', 'zoco-nats')['data']);
  for (const service of CONSUMERS) {
    const { triggers } = Triggers.parse(find(objects, 'ScaledObject', `zoco-${service}`)['spec']);
    const looked = triggers.map(({ metadata }) => `${metadata['stream']} ${metadata['consumer']}`);
    const handled = HANDLES[service].map(
      (event) => `${streamOf(event.producer)} ${durableOf(service, event)}`,
    );
    expect(looked.toSorted(), service).toEqual(handled.toSorted());
    for (const { metadata } of triggers) {
      expect(nats).toContain(`${metadata['account']} {`);
      const [host = '', port] = (metadata['natsServerMonitoringEndpoint'] ?? '').split(':');
      const [name = '', namespace] = host.split('.');
      expect(namespace).toBe('shop');
      const { ports } = Ports.parse(find(objects, 'Service', name)['spec']);
      expect(ports.map((one) => String(one.port))).toContain(port);
    }
  }
});
