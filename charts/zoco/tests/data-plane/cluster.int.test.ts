import { once } from 'node:events';
import { connect } from 'node:net';
import { jetstreamManager } from '@nats-io/jetstream';
import { connectNats, provisionStreams } from '@zoco/events';
import { eventually } from '@zoco/testing';
import { expect, test } from 'vitest';
import { render } from '../render.ts';
import { startChartCluster } from './chart-servers.ts';
import { dataOf } from './pod-environment.ts';

/** What a server answers to somebody who wants to be one of the cluster. */
async function sayToCluster(port = 0, password: string): Promise<string> {
  const socket = connect(port, '127.0.0.1');
  let answer = '';
  socket.on('data', (chunk) => (answer += String(chunk)));
  const login = JSON.stringify({ user: 'cluster', pass: password, name: 'stranger', cluster: 'zoco-nats' });
  socket.write(`CONNECT ${login}\r\nPING\r\n`);
  await once(socket, 'close');
  return answer;
}

test('three servers find each other and nobody else, keep each stream three times and go on without one', async () => {
  const objects = await render([], ['nats.replicas=3']);
  await using cluster = await startChartCluster(objects);
  const [first, second] = cluster.servers;
  const replicas = Number(dataOf(objects, 'ConfigMap', 'zoco-streams')['NATS_STREAM_REPLICAS']);
  expect(replicas).toBe(3);
  const admin = await connectNats({ url: cluster.urlAt(first, 'NATS_ADMIN_URL'), name: 'admin' });
  try {
    // A majority has to find itself before it takes streams.
    await eventually(() => provisionStreams(admin, { replicas, streamBytesMax: 1_000_000 }));
    const jsm = await jetstreamManager(admin);
    const info = await jsm.streams.info('ORDERS');
    expect(info.config.num_replicas).toBe(3);
    expect(info.cluster?.replicas).toHaveLength(2);
    expect(await sayToCluster(cluster.clusterPorts[0], 'wrong')).toMatch(/^-ERR 'Authorization Violation'/m);
    await second?.stop();
    await eventually(async () => {
      expect((await jsm.streams.info('ORDERS')).cluster?.leader).toBeTruthy();
      await jsm.consumers.info('ORDERS', 'payments-on-order-created');
    });
  } finally {
    await admin.close();
  }
}, 90_000);
