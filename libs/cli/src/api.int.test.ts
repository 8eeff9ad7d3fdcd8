import { describe, expect, test } from 'vitest';
import { type GivenAnswer, problem, type ReceivedRequest, startApiServer } from '../fixtures/api-server.ts';
import { createApi } from './api.ts';
import { CliFailure, Interrupted } from './failure.ts';

const PASSWORD = { kind: 'password', email: 'staff@libros.example', password: 'secret' } as const;

async function world(answer: (request: ReceivedRequest, times: number) => GivenAnswer | 'hang up') {
  let logins = 0;
  let others = 0;
  const server = await startApiServer((request) => {
    if (request.path === '/api/v1/users/login') {
      logins += 1;
      return { status: 200, json: { access_token: `token-${logins}`, refresh_token: 'r' } };
    }
    others += 1;
    return answer(request, others);
  });
  const waits: number[] = [];
  const abort = new AbortController();
  const api = createApi({
    url: server.url,
    tenant: 'libros',
    credentials: PASSWORD,
    signal: abort.signal,
    wait: async (ms) => void waits.push(ms),
  });
  return { server, api, waits, abort, [Symbol.asyncDispose]: () => server[Symbol.asyncDispose]() };
}

const get = { method: 'GET', path: '/products' } as const;

test('signs in once for many requests, at the named tenant', async () => {
  await using w = await world(() => ({ status: 200, json: { ok: true } }));
  const answers = await Promise.all(Array.from({ length: 5 }, () => w.api.send(get)));
  expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200, 200]);
  const [login, ...rest] = w.server.requests;
  expect(login).toMatchObject({ path: '/api/v1/users/login', headers: { 'x-tenant': 'libros' } });
  expect(JSON.parse(login?.body ?? '')).toEqual({ email: PASSWORD.email, password: PASSWORD.password });
  expect(rest).toHaveLength(5);
  for (const { headers } of rest) expect(headers['authorization']).toBe('Bearer token-1');
});

test('an API key needs no login', async () => {
  await using server = await startApiServer(() => ({ status: 200, json: {} }));
  const credentials = { kind: 'api-key', key: 'zk_1' } as const;
  const api = createApi({
    url: server.url,
    tenant: 'libros',
    credentials,
    signal: new AbortController().signal,
  });
  await api.send({ method: 'POST', path: '/x', json: { a: 1 }, idempotencyKey: 'key-of-sixteen-or-more' });
  expect(server.requests).toMatchObject([
    {
      method: 'POST',
      path: '/api/v1/x',
      body: '{"a":1}',
      headers: {
        authorization: 'Bearer zk_1',
        'content-type': 'application/json',
        'idempotency-key': 'key-of-sixteen-or-more',
      },
    },
  ]);
});

describe('what passes is waited out', () => {
  test.each([
    ['429', problem(429, 'rate_limited', { 'retry-after': '7' }), 7000],
    ['503', problem(503, 'service_overloaded', { 'retry-after': '1' }), 1000],
    ['502 of a proxy', { status: 502, headers: { 'content-type': 'text/html' } }, 0],
    ['504', problem(504, 'upstream_timeout'), 0],
    ['a twin that is under way', problem(409, 'idempotency_key_in_flight', { 'retry-after': '1' }), 1000],
    ['a connection that breaks', 'hang up' as const, 0],
  ])('%s', async (_what, refusal, atLeastMs) => {
    await using w = await world((_request, times) =>
      times < 4 ? refusal : { status: 200, json: { times } },
    );
    expect(await w.api.send(get)).toMatchObject({ status: 200, body: { times: 4 } });
    expect(w.api.retries).toBe(3);
    for (const ms of w.waits) expect(ms).toBeGreaterThanOrEqual(atLeastMs);
  });

  test('but not for ever: the last answer is given', async () => {
    await using w = await world(() => problem(503, 'service_overloaded'));
    expect(await w.api.send(get)).toMatchObject({ status: 503, problem: { code: 'service_overloaded' } });
    expect(w.server.requests).toHaveLength(13);
  });

  test('a Retry-After that is nonsense, or an hour, does not stop the run', async () => {
    const given = ['soon', '-5', '3600'];
    await using w = await world((_request, times) => {
      const after = given[times - 1];
      return after === undefined ? { status: 200 } : problem(429, 'rate_limited', { 'retry-after': after });
    });
    await w.api.send(get);
    expect(Math.max(...w.waits)).toBeLessThan(70_000);
  });
});

test.each([400, 403, 404, 409, 422, 500])('%i is an answer, given at once', async (status) => {
  await using w = await world(() => problem(status, 'thing_wrong'));
  expect(await w.api.send(get)).toMatchObject({ status, problem: { code: 'thing_wrong' } });
  expect(w.server.requests).toHaveLength(2);
});

test('a token that ran out is renewed once for all who find out', async () => {
  await using w = await world(({ headers }) =>
    headers['authorization'] === 'Bearer token-1' ? problem(401, 'token_invalid') : { status: 200, json: {} },
  );
  const answers = await Promise.all(Array.from({ length: 6 }, () => w.api.send(get)));
  expect(answers.every(({ status }) => status === 200)).toBe(true);
  expect(w.server.requests.filter(({ path }) => path.endsWith('/login'))).toHaveLength(2);
});

test('a login that is refused says who and where, and never the password', async () => {
  await using server = await startApiServer(() => problem(401, 'login_invalid'));
  const api = createApi({
    url: server.url,
    tenant: 'libros',
    credentials: PASSWORD,
    signal: new AbortController().signal,
  });
  const failure = await api.send(get).catch((error: unknown) => error);
  expect(failure).toBeInstanceOf(CliFailure);
  expect(String(failure)).toContain('staff@libros.example could not sign in to libros');
  expect(String(failure)).not.toContain(PASSWORD.password);
});

test('a gateway that was never there is named after a few tries', async () => {
  const gone = await startApiServer(() => ({ status: 200 }));
  await gone[Symbol.asyncDispose]();
  const waits: number[] = [];
  const api = createApi({
    url: gone.url,
    tenant: 'libros',
    credentials: PASSWORD,
    signal: new AbortController().signal,
    wait: async (ms) => void waits.push(ms),
  });
  await expect(api.send(get)).rejects.toThrow(
    /^The gateway at http.* does not answer \(.*ECONNREFUSED.*\): start/,
  );
  expect(waits).toHaveLength(2);
});

test('Ctrl-C ends what waits', async () => {
  await using w = await world(() => {
    w.abort.abort();
    return problem(503, 'service_overloaded');
  });
  await expect(w.api.send(get)).rejects.toThrow(Interrupted);
});
