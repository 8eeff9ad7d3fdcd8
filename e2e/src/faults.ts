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
  const before = system.launches(service);
  await system.restart(service, { ZOCO_FAILPOINT: name });
  const result = await work();
  // One launch is the restart itself, the other follows the death.
  await eventually(() =>
    expect(system.launches(service), `${name} did not fire`).toBeGreaterThanOrEqual(before + 2),
  );
  await system.whenReady(service);
  return result;
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
