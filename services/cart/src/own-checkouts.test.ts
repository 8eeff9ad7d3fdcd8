import { newId } from '@zoco/kernel';
import { expect, test } from 'vitest';
import { createOwnCheckouts } from './own-checkouts.ts';

const cart = newId('cart');
const order = { id: newId('order') };

test('a cart counts as closed once its checkout is through, for that order alone', async () => {
  const own = createOwnCheckouts();
  const { promise, resolve } = Promise.withResolvers<typeof order>();
  const followed = own.follow(cart, () => promise);
  const closed = own.hasClosed(cart, order.id);
  resolve(order);
  expect(await followed).toBe(order);
  expect(await closed).toBe(true);
  expect(await own.hasClosed(cart, newId('order'))).toBe(false);
  expect(await own.hasClosed(newId('cart'), order.id)).toBe(false);
});

test('a checkout that failed has closed nothing, and one more try may', async () => {
  const own = createOwnCheckouts();
  await expect(own.follow(cart, () => Promise.reject(new Error('no answer')))).rejects.toThrow('no answer');
  expect(await own.hasClosed(cart, order.id)).toBe(false);
  await own.follow(cart, () => Promise.resolve(order));
  expect(await own.hasClosed(cart, order.id)).toBe(true);
});

test('what was long ago is forgotten', async () => {
  const own = createOwnCheckouts();
  await own.follow(cart, () => Promise.resolve(order));
  for (let n = 0; n < 1000; n += 1) await own.follow(newId('cart'), () => Promise.resolve(order));
  expect(await own.hasClosed(cart, order.id)).toBe(false);
});
