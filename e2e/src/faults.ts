import { randomUUID } from 'node:crypto';
import type { ServiceName } from '@zoco/contracts';
import type { RunningSystem } from '@zoco/local';
import { eventually } from '@zoco/testing';
import { expect } from 'vitest';
import { z } from 'zod';
import type { Answer, Api, RequestOptions } from './api.ts';

/**
 * Starts a service so that it ends itself, as `kill -9` would, at the named line; runs `work`; then makes sure that it did
 * die there, and was started again.
 */
export async function withFailpoint<T>(
  system: RunningSystem,
  service: ServiceName,
  name: string,
  work: () => Promise<T>,
): Promise<T> {
  await system.restart(service, { ZOCO_FAILPOINT: name });
  const before = await startOf(system, service);
  const result = await work();
  await eventually(async () =>
    expect(await startOf(system, service), `${name} did not fire`).not.toBe(before),
  );
  return result;
}

/** When the process started, by its own metric: another value is another process. */
async function startOf(system: RunningSystem, service: ServiceName): Promise<string> {
  const response = await fetch(`${system.adminUrls[service]}/metrics`);
  const line = (await response.text())
    .split('\n')
    .find((text) => text.startsWith('process_start_time_seconds{'));
  if (line === undefined) throw new Error('the metrics name no start');
  return line;
}

/** Repeats a request with one idempotency key, as a client does that lost its answer, until it has one that is final. */
export function insist(api: Api, method: string, path: string, options: RequestOptions): Promise<Answer> {
  const headers = { ...options.headers, 'idempotency-key': randomUUID() };
  return eventually(async () => {
    const answer = await api.request(method, path, { ...options, headers });
    const inFlight =
      answer.status === 409 && JSON.stringify(answer.body).includes('idempotency_key_in_flight');
    if (answer.status >= 500 || inFlight)
      throw new Error(`${method} ${path}: ${answer.status} ${JSON.stringify(answer.body)}`);
    return answer;
  });
}

const journal = z.object({ data: z.array(z.looseObject({ type: z.string(), amount: z.number() })) });

/** What the payment provider says it has moved for an order: the witness outside of Zoco. */
export async function moneyOf(
  system: RunningSystem,
  orderId: string,
): Promise<{ charged: number[]; refunded: number[] }> {
  const response = await fetch(`${system.sandboxUrl}/sandbox/journal?order_id=${orderId}`);
  const { data } = journal.parse(await response.json());
  const amounts = (type: string) => data.filter((move) => move.type === type).map(({ amount }) => amount);
  return { charged: amounts('charge.succeeded'), refunded: amounts('refund.created') };
}
