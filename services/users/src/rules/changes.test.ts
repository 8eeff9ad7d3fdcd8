import { expect, test } from 'vitest';
import { changesOf } from './changes.ts';

const current = {
  name: 'a',
  tags: ['x'],
  address: { city: 'Madrid', country: 'ES' },
  note: null as string | null,
};

test.each<[string, Parameters<typeof changesOf<typeof current>>[1], object | undefined]>([
  ['nothing given', {}, undefined],
  ['undefined means that it stays', { name: undefined }, undefined],
  ['the same', { name: 'a', tags: ['x'], note: null }, undefined],
  ['the same in another order of keys', { address: { country: 'ES', city: 'Madrid' } }, undefined],
  ['another text', { name: 'b', note: null }, { name: 'b' }],
  ['null is a value', { note: 'x' }, { note: 'x' }],
  ['another order of items', { tags: ['y', 'x'] }, { tags: ['y', 'x'] }],
  [
    'a nested difference',
    { address: { city: 'Toledo', country: 'ES' } },
    { address: { city: 'Toledo', country: 'ES' } },
  ],
])('%s', (_name, wanted, changes) => expect(changesOf(current, wanted)).toEqual(changes));
