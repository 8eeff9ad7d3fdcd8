import { newId } from '@zoco/kernel';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { openShop, type Shop } from '../../fixtures/shop.ts';

let shop: Shop;
const ids = new Map<string, string>();
beforeAll(async () => {
  shop = await openShop();
  const books = [
    ['Liked', 'Ana', 'novel', 3],
    ['Same author', 'Ana, Bea', 'essay', 2],
    ['Same category', 'Carlos', 'novel', 4],
    ['Better of the category', 'Dora', 'novel', 4.5],
    ['Chosen category', 'Eva', 'poetry', 1],
    ['Best of all', 'Zoe', 'science', 5],
  ] as const;
  for (const [name, author, category, rating] of books) {
    const { id } = await shop.addProduct({ name, category, attributes: { author, rating } });
    ids.set(name, id);
  }
});
afterAll(() => shop[Symbol.asyncDispose]());
beforeEach(() => {
  shop.neighbours.isDown = false;
});

const userId = newId('user');
async function recommend(query = '', of: string = userId, headers?: Record<string, string>) {
  const path = `/products/recommendations/${of}${query}`;
  return shop.request('GET', path, { headers: headers ?? (await shop.buyer(shop.tenant, userId)) });
}
const names = (answer: { body: { data: { name: string }[] } }) => answer.body.data.map(({ name }) => name);

describe('GET /products/recommendations/{user_id}', () => {
  test('by authors, then categories, best rated first, and never what is marked already', async () => {
    const liked = ids.get('Liked');
    shop.neighbours.interests.set(userId, { favorite_ids: [liked as never], categories: ['Poetry'] });
    const answer = await recommend();
    expect(answer.body.basis).toBe('interests');
    expect(names(answer)).toEqual([
      'Same author',
      'Better of the category',
      'Same category',
      'Chosen category',
      'Best of all',
    ]);
    expect(names(await recommend('?limit=2'))).toEqual(['Same author', 'Better of the category']);
  });

  test('the wishlist counts as interest too', async () => {
    shop.neighbours.interests.set(userId, { wishlist_ids: [ids.get('Best of all') as never] });
    const answer = await recommend('?limit=10');
    expect(names(answer)).not.toContain('Best of all');
    expect(answer.body.basis).toBe('best_rated');
  });

  test('best rated when nothing is known, and when users does not answer, and says which', async () => {
    shop.neighbours.interests.set(userId, {});
    const unknown = await recommend('?limit=2');
    expect([unknown.body.basis, names(unknown)]).toEqual([
      'best_rated',
      ['Best of all', 'Better of the category'],
    ]);
    shop.neighbours.isDown = true;
    const down = await recommend('?limit=2');
    expect([down.status, down.body.basis, names(down)]).toEqual([200, 'best_rated_fallback', names(unknown)]);
  });

  test('staff may ask for anybody; for others somebody else is nobody', async () => {
    shop.neighbours.interests.set(userId, {});
    expect((await recommend('', userId, await shop.staff())).status).toBe(200);
    const foreign = await recommend('', newId('user'));
    expect([foreign.status, foreign.body.code]).toEqual([404, 'user_not_found']);
    const missing = await recommend('', newId('user'), await shop.staff());
    expect([missing.status, missing.body.code]).toEqual([404, 'user_not_found']);
  });

  test('401 without a token, 422 for a bad limit', async () => {
    expect((await recommend('', userId, shop.anonymous)).status).toBe(401);
    expect((await recommend('?limit=0')).status).toBe(422);
  });
});

test('books are recommended in their own shape', async () => {
  shop.neighbours.interests.set(userId, {});
  const headers = await shop.buyer(shop.tenant, userId);
  const answer = await shop.request('GET', `/books/recommendations/${userId}?limit=1`, { headers });
  expect(answer.body).toMatchObject({ basis: 'best_rated', data: [{ title: 'Best of all', author: 'Zoe' }] });
  const foreign = await shop.request('GET', `/books/recommendations/${newId('user')}`, { headers });
  expect(foreign.status).toBe(404);
  const anonymous = await shop.request('GET', `/books/recommendations/${userId}`, {
    headers: shop.anonymous,
  });
  expect(anonymous.status).toBe(401);
});
