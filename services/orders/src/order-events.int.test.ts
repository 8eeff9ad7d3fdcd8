import { getEventListeners } from 'node:events';
import { paymentFailed, paymentSucceeded } from '@zoco/contracts';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { openShop, type Shop } from '../fixtures/shop.ts';
import { findOrder } from './db/order.ts';
import { createOrderStreams, type OrderStreams } from './order-streams.ts';

let shop: Shop;
let headers: Record<string, string>;
beforeAll(async () => {
  shop = await openShop();
  ({ headers } = await shop.addBuyer());
});
afterAll(() => shop[Symbol.asyncDispose]());

interface Placed {
  id: string;
  total_cents: number;
}
const place = (): Promise<Placed> =>
  shop.place(headers, { items: [{ product_id: shop.addProduct().id, quantity: 1 }] });
const payment = (order: Placed) => ({
  payment_id: 'pay_01jqb3k5xwf7kt3qk5v1y6zj3m',
  order_id: order.id,
  amount_cents: order.total_cents,
  currency: 'EUR',
  method: 'card',
});
const pay = (order: Placed) =>
  shop.deliver(paymentSucceeded, { ...payment(order), succeeded_at: '2026-11-22T10:15:01.000Z' }, 2);
const cancel = (id: string) => shop.request('POST', `/api/v1/orders/${id}/cancel`, { headers });
const watch = (id: string, more: Record<string, string> = {}) =>
  shop.stream(`/api/v1/orders/${id}/events`, { ...headers, ...more });

/** Events of a stream, one by one, read as the EventSource of a browser would. */
async function* eventsOf(response: Response): AsyncGenerator<{ id: number; status: string }> {
  const decoder = new TextDecoder();
  let text = '';
  for await (const chunk of response.body ?? []) {
    text += decoder.decode(chunk, { stream: true });
    for (let end = text.indexOf('\n\n'); end >= 0; end = text.indexOf('\n\n')) {
      const fields = new Map(
        text
          .slice(0, end)
          .split('\n')
          .map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 2)]),
      );
      text = text.slice(end + 2);
      if (fields.get('event') !== 'order') continue;
      yield { id: Number(fields.get('id')), status: JSON.parse(fields.get('data') ?? '').status };
    }
  }
}

describe('GET /api/v1/orders/{id}/events', () => {
  test('sends the order as it is, then each change, and ends with a final state', async () => {
    const order = await place();
    const response = await watch(order.id);
    expect(response.headers.get('content-type')).toBe('text/event-stream');
    const events = eventsOf(response);
    expect((await events.next()).value).toEqual({ id: 2, status: 'created' });
    const decline = { attempt: 1, code: 'card_declined', detail: 'Your card was declined.' };
    await shop.deliver(paymentFailed, { ...payment(order), ...decline }, 1);
    expect((await events.next()).value).toEqual({ id: 3, status: 'created' });
    await shop.request('POST', `/api/v1/orders/${order.id}/cancel`, { headers });
    expect((await events.next()).value).toEqual({ id: 4, status: 'canceled' });
    expect((await events.next()).done).toBe(true);
  });

  test('who comes back with Last-Event-ID misses nothing and gets nothing twice', async () => {
    const order = await place();
    await pay(order);
    const events = eventsOf(await watch(order.id, { 'last-event-id': '2' }));
    expect((await events.next()).value).toEqual({ id: 3, status: 'confirmed' });
    const again = eventsOf(await watch(order.id, { 'last-event-id': '3' }));
    const next = again.next();
    await cancel(order.id);
    expect((await next).value).toEqual({ id: 4, status: 'cancel_pending' });
    await Promise.all([events.return(undefined), again.return(undefined)]);
  });

  test('204 tells who has seen the end not to come back', async () => {
    const order = await place();
    await cancel(order.id);
    expect((await watch(order.id, { 'last-event-id': '3' })).status).toBe(204);
    const events = eventsOf(await watch(order.id, { 'last-event-id': 'nonsense' }));
    expect((await events.next()).value).toEqual({ id: 3, status: 'canceled' });
    expect((await events.next()).done).toBe(true);
  });

  test('429 beyond the streams that one caller may have, 503 beyond those of a replica, and room again when one ends', async () => {
    const order = await place();
    const staff = await shop.addStaff();
    const asStaff = () => watch(order.id, staff.headers);
    const codeOf = async (answer: Response) =>
      answer.ok ? [answer.status] : [answer.status, JSON.parse(await answer.text()).code];
    const streams = await Promise.all(Array.from({ length: 10 }, () => watch(order.id)));
    expect(await codeOf(await watch(order.id))).toEqual([429, 'stream_limit_own']);
    streams.push(await asStaff(), await asStaff());
    expect(await codeOf(await asStaff())).toEqual([503, 'stream_limit']);
    await cancel(order.id);
    for (const stream of streams) for await (const _event of eventsOf(stream));
    const after = await watch(order.id);
    expect(after.status).toBe(200);
    await after.body?.cancel();
  });

  const streamOf = (streams: OrderStreams, orderId: string) =>
    streams.open({
      tenant: shop.tenant,
      principalId: 'usr_x',
      orderId,
      seenVersion: 0,
      lifeMs: 60_000,
      read: () => shop.world.db.read(shop.tenant.id, (tx) => findOrder(tx, orderId)),
    });

  test('a replica that stops ends its streams', async () => {
    const order = await place();
    const streams = createOrderStreams(shop.world.db, shop.world.log, 10);
    const events = eventsOf(new Response(streamOf(streams, order.id)));
    expect((await events.next()).value).toEqual({ id: 2, status: 'created' });
    streams.close();
    expect((await events.next()).done).toBe(true);
  });

  test('a stream that has ended is held by nobody', async () => {
    const order = await place();
    await cancel(order.id);
    const streams = createOrderStreams(shop.world.db, shop.world.log, 10);
    using any = vi.spyOn(AbortSignal, 'any');
    const stream = streamOf(streams, order.id);
    const signals = any.mock.results.map(({ value }) => value);
    for await (const _event of eventsOf(new Response(stream)));
    // The runtime holds a signal of others as long as somebody listens to it.
    expect(signals.map((signal) => getEventListeners(signal, 'abort'))).toEqual([[]]);
  });
});
