import { connectNats } from '@zoco/events';
import { createLogger } from '@zoco/service';
import { createTestTokens, eventually, startPrivateNats, testTenant } from '@zoco/testing';
import { afterAll, describe, expect, test } from 'vitest';
import { startGateway, type TestGateway } from '../fixtures/test-gateway.ts';
import { json, startUpstream } from '../fixtures/test-upstream.ts';
import { LimitExchange } from './limit-exchange.ts';

const log = createLogger({ service: 'gateway', version: 'test', level: 'silent' });
const tokens = await createTestTokens();
const LIMIT = 100;
const shop = testTenant({
  rate_limits: {
    user: { requests: LIMIT, window_seconds: 60 },
    tenant: { requests: 1_000_000, window_seconds: 60 },
    checkout: { requests: 10, window_seconds: 60 },
  },
});

const stack = new AsyncDisposableStack();
afterAll(() => stack.disposeAsync());
const nats = stack.use(await startPrivateNats());
const service = stack.use(await startUpstream(json({})));

interface Replica extends AsyncDisposable {
  readonly gateway: TestGateway;
  readonly exchange: LimitExchange;
}

/** A gateway that shares its limits with the others over a NATS connection of its own. */
async function startReplica(url = nats.url): Promise<Replica> {
  await using cleanup = new AsyncDisposableStack();
  const nc = await connectNats({ url, name: 'gateway' });
  cleanup.defer(() => (url === nats.url ? nc.drain() : nc.close()));
  const exchange = new LimitExchange(log);
  cleanup.defer(() => exchange.leave());
  const gateway = cleanup.use(
    await startGateway({ tokens, tenants: [shop], replicas: exchange, env: { ORDERS_URL: service.url } }),
  );
  exchange.attach(nc, gateway.limiter);
  const running = cleanup.move();
  return { gateway, exchange, [Symbol.asyncDispose]: () => running.disposeAsync() };
}

async function startReplicas(count: number, url?: string): Promise<Replica[]> {
  const replicas = await Promise.all(Array.from({ length: count }, () => startReplica(url)));
  await eventually(() => {
    for (const { exchange } of replicas) expect(exchange.ids).toHaveLength(count);
  });
  return replicas;
}

const stop = (replicas: readonly Replica[]) =>
  Promise.all(replicas.map((replica) => replica[Symbol.asyncDispose]()));

const newUser = async () => ({ authorization: `Bearer ${await tokens.sign({ tenantId: shop.id })}` });

/** Requests of one user through one replica, all at once; how many got through. */
async function burst(
  { gateway }: Replica,
  requests: number,
  headers: Record<string, string>,
): Promise<number> {
  const statuses = await Promise.all(
    Array.from({ length: requests }, async () => {
      const response = await gateway.fetch('/api/v1/orders', { headers });
      await response.arrayBuffer();
      return response.status;
    }),
  );
  expect(statuses.every((status) => status === 200 || status === 429)).toBe(true);
  return statuses.filter((status) => status === 200).length;
}

const total = (counts: readonly number[]) => counts.reduce((sum, one) => sum + one, 0);

describe('two replicas', () => {
  test('let a burst of one user through no more than 5 % beyond the limit, and no less', async () => {
    const replicas = await startReplicas(2);
    for (let round = 0; round < 5; round += 1) {
      const headers = await newUser();
      const passed = await Promise.all(replicas.map((replica) => burst(replica, 150, headers)));
      expect(total(passed)).toBeLessThanOrEqual(LIMIT * 1.05);
      expect(total(passed)).toBeGreaterThanOrEqual(LIMIT * 0.95);
    }
    await stop(replicas);
  });

  test('give a user who stays with one of them the whole limit', async () => {
    const replicas = await startReplicas(2);
    const headers = await newUser();
    const passed = [
      await burst(replicas[0] as Replica, 150, headers),
      await burst(replicas[1] as Replica, 150, headers),
    ];
    expect(total(passed)).toBeLessThanOrEqual(LIMIT * 1.05);
    expect(passed[0]).toBeGreaterThanOrEqual(LIMIT - 1);
    await stop(replicas);
  });

  test('tell a user who comes to both of them how much is left', async () => {
    const replicas = await startReplicas(2);
    const headers = await newUser();
    await burst(replicas[0] as Replica, 80, headers);
    await burst(replicas[1] as Replica, 15, headers);
    const response = await (replicas[1] as Replica).gateway.fetch('/api/v1/orders', { headers });
    expect(response.headers.get('ratelimit')).toMatch(/^"user";r=4;t=\d+$/);
    await stop(replicas);
  });
});

describe('replicas that come and go', () => {
  test('a newcomer learns what was used before it came', async () => {
    const [first] = await startReplicas(1);
    const headers = await newUser();
    expect(await burst(first as Replica, 90, headers)).toBe(90);
    const second = await startReplica();
    await eventually(() => {
      expect(first?.exchange.ids).toHaveLength(2);
      expect(second.exchange.ids).toHaveLength(2);
    });
    const passed = await Promise.all([burst(first as Replica, 50, headers), burst(second, 50, headers)]);
    expect(90 + total(passed)).toBeLessThanOrEqual(LIMIT * 1.05);
    await stop([first as Replica, second]);
  });

  test('whoever stops leaves its share to the others', async () => {
    const [first, second] = await startReplicas(2);
    await stop([second as Replica]);
    await eventually(() => expect(first?.exchange.ids).toHaveLength(1));
    expect(await burst(first as Replica, 150, await newUser())).toBe(LIMIT);
    await stop([first as Replica]);
  });
});

test('when NATS goes away each replica keeps to its share', async () => {
  await using own = await startPrivateNats();
  const replicas = await startReplicas(2, own.url);
  await own[Symbol.asyncDispose]();
  const headers = await newUser();
  const passed = await Promise.all(replicas.map((replica) => burst(replica, 150, headers)));
  expect(total(passed)).toBeLessThanOrEqual(LIMIT);
  expect(Math.min(...passed)).toBeGreaterThan(0);
  await stop(replicas);
});
