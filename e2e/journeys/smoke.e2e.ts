import { run } from '@zoco/cli';
import { eventually } from '@zoco/testing';
import { expect, inject, test } from 'vitest';
import { createApi, DEMO_PASSWORD } from '../src/api.ts';

const url = inject('gatewayUrl');

async function zoco(line: string, env: Record<string, string> = {}) {
  const outLines: string[] = [];
  const noteLines: string[] = [];
  const exitCode = await run(line.split(' '), {
    surroundings: { env, system: undefined, folder: '/' },
    terminal: {
      out: (text) => void outLines.push(text),
      note: (text) => void noteLines.push(text),
      interactive: false,
    },
    signal: new AbortController().signal,
  });
  return { exitCode, out: outLines.join('\n'), notes: noteLines.join('\n') };
}

test('zoco smoke buys in a shop of its own, which nobody can enter afterwards', async () => {
  const { exitCode, out, notes } = await zoco(`smoke --url ${url}`, {
    PLATFORM_ADMIN_EMAIL: 'platform@zoco.example',
    PLATFORM_ADMIN_PASSWORD: DEMO_PASSWORD,
  });
  expect(exitCode, notes).toBe(0);
  expect(out).toMatch(
    /^Works: order \S+ over \d+\.\d\d EUR was confirmed, paid and invoiced, all in [\d.]+ s\.$/,
  );
  expect(notes.split('\n').map((line) => line.replace(/ \(\d+ ms\)$/, ''))).toEqual([
    'ok  the gateway answers',
    expect.stringMatching(/^ok {2}made the tenant smoke-/),
    'ok  put a product on sale',
    'ok  registered a buyer',
    'ok  filled the cart',
    'ok  checked out',
    'ok  the order is confirmed and paid',
    'ok  the invoice came, as a PDF',
    'ok  took the product off sale',
    expect.stringMatching(/^ok {2}closed the tenant smoke-/),
  ]);
  const tenant = /made the tenant (\S+)/.exec(notes)?.[1];
  const login = { email: `admin@${tenant}.example`, password: 'whatever-it-was' };
  // A gateway hears of it a moment later.
  await eventually(async () => {
    const answer = await createApi(url).request('POST', '/users/login', { tenant, body: login });
    expect(answer.status).toBe(403);
  });
});

test('zoco smoke buys in a shop that exists, as its staff', async () => {
  const { exitCode, notes } = await zoco(`smoke --url ${url} --tenant libros`);
  expect(exitCode, notes).toBe(0);
  expect(notes).not.toContain('made the tenant');
});

test('zoco smoke as somebody who may not make tenants: one sentence', async () => {
  const login = `--email buyer@libros.example --password ${DEMO_PASSWORD}`;
  const { exitCode, notes, out } = await zoco(`smoke --url ${url} ${login}`);
  expect([exitCode, out]).toEqual([1, '']);
  expect(notes.split('\n').at(-1)).toMatch(
    /^Failed: made the tenant smoke-\S+: buyer@libros\.example could not sign in to zoco/,
  );
});
