import { tenantId } from '@zoco/kernel';
import { expect, test } from 'vitest';
import { UsageFailure } from './failure.ts';
import { credentialsFor } from './sign-in.ts';

const here = 'http://127.0.0.1:8080';
const there = 'https://shop.example';
const nobody = {
  tenant: tenantId('libros'),
  url: undefined,
  email: undefined,
  password: undefined,
  apiKey: undefined,
};
const ask = (said: object, env: Record<string, string>, url: string) =>
  credentialsFor({ ...nobody, ...said }, { env, system: undefined, folder: '/' }, url);

const key = (value: string) => ({ kind: 'api-key', key: value });
const login = (email: string, password: string) => ({ kind: 'password', email, password });

test.each([
  ['the demo login on this machine', {}, {}, here, login('staff@libros.example', 'demo-zoco-2026')],
  [
    'the demo login, by any loopback name',
    {},
    {},
    'http://[::1]:8080',
    login('staff@libros.example', 'demo-zoco-2026'),
  ],
  [
    'what was said',
    { email: 'a@x.example', password: 'p' },
    { ZOCO_API_KEY: 'k' },
    there,
    login('a@x.example', 'p'),
  ],
  ['the key that was said', { apiKey: 'k' }, { ZOCO_EMAIL: 'a', ZOCO_PASSWORD: 'b' }, there, key('k')],
  ['the key of the environment', {}, { ZOCO_API_KEY: 'k' }, there, key('k')],
  ['the login of the environment', {}, { ZOCO_EMAIL: 'a', ZOCO_PASSWORD: 'b' }, there, login('a', 'b')],
])('%s', (_what, said, env, url, expected) => {
  expect(ask(said, env, url)).toEqual(expected);
});

test.each([there, 'http://127.0.0.1.evil.example', 'http://10.0.0.1'])(
  'the demo password never goes to %s',
  (url) => {
    expect(() => ask({}, {}, url)).toThrow(UsageFailure);
    expect(() => ask({}, { ZOCO_EMAIL: 'a', ZOCO_PASSWORD: '' }, url)).toThrow(UsageFailure);
  },
);
