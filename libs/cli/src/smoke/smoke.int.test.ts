import { expect, test } from 'vitest';
import { type ReceivedRequest, problem, startApiServer } from '../../fixtures/api-server.ts';
import { silentTerminal } from '../../fixtures/silent-terminal.ts';
import { run } from '../run.ts';

// That a purchase works is proved by e2e/journeys against a system that runs; here is what is said when it does not.

async function smoke(words: readonly string[], env: Record<string, string> = {}) {
  const terminal = silentTerminal();
  const exitCode = await run(['smoke', ...words], {
    surroundings: { env, system: undefined, folder: '/' },
    terminal,
    signal: new AbortController().signal,
  });
  return { exitCode, last: terminal.noteLines.at(-1), out: terminal.outLines };
}

/** A shop in which everything works but what `broken` answers. */
function shopWith(broken: (request: ReceivedRequest) => ReturnType<typeof problem> | undefined) {
  return startApiServer((request) => {
    const { method, path } = request;
    const order = { id: 'ord_1', number: 'S-1', total_cents: 1299, currency: 'EUR' };
    const ok = (json: unknown) => ({ status: 200, json });
    if (broken(request) !== undefined) return broken(request) ?? ok({});
    if (path === '/api/v1/users/login') return ok({ access_token: 'token' });
    if (path === '/api/v1/tenants') return ok({ id: 'smoke-1', currency: 'EUR' });
    if (path === '/api/v1/products') return ok({ id: 'prd_1' });
    if (path === '/api/v1/cart/checkout' || path === '/api/v1/orders/ord_1')
      return ok({ ...order, status: 'confirmed', payment_status: 'paid' });
    if (path.startsWith('/api/v1/invoices?')) return ok({ data: [] });
    return ok({ method });
  });
}

test('nothing answers: which address, and why', async () => {
  const { exitCode, last } = await smoke(['--url', 'http://127.0.0.1:9', '--timeout', '1']);
  expect(exitCode).toBe(1);
  expect(last).toMatch(
    /^Failed: the gateway answers: it was not so within 1 s; http:\/\/127\.0\.0\.1:9 does not answer \(.+\)$/,
  );
});

test('an invoice that never comes: what was waited for', async () => {
  await using shop = await shopWith(() => undefined);
  const { exitCode, last, out } = await smoke(['--url', shop.url, '--timeout', '1']);
  expect([exitCode, out]).toEqual([1, []]);
  expect(last).toMatch(/^Failed: the invoice came, as a PDF: it was not so within 1 s; /);
});

test('a card that is refused: what the API said', async () => {
  await using shop = await shopWith(({ path }) =>
    path === '/api/v1/cart/checkout' ? problem(409, 'stock_insufficient') : undefined,
  );
  const { exitCode, last } = await smoke(['--url', shop.url]);
  expect(exitCode).toBe(1);
  expect(last).toBe(
    'Failed: checked out: POST /cart/checkout answered 409 stock_insufficient: Because of stock_insufficient.',
  );
});

test('news of the tenant is waited for', async () => {
  let refusals = 2;
  await using shop = await shopWith(({ path }) =>
    path === '/api/v1/products' && refusals-- > 0 ? problem(404, 'tenant_not_found') : undefined,
  );
  const { last } = await smoke(['--url', shop.url, '--timeout', '2']);
  expect(last).toMatch(/^Failed: the invoice came/);
});

test.each([
  [['--url', 'http://shop.example'], {}, /^Say who may make tenants at http:\/\/shop\.example: /],
  [
    ['--url', 'http://shop.example'],
    { PLATFORM_ADMIN_EMAIL: 'a@b.example', PLATFORM_ADMIN_PASSWORD_FILE: '/nowhere/password' },
    /^PLATFORM_ADMIN_PASSWORD_FILE cannot be read \(ENOENT/,
  ],
  [['--api-key', 'k'], {}, /^`zoco smoke` takes --api-key together with --tenant\.$/],
  [['--timeout', '0'], {}, /^--timeout is a whole number from 1 to 3600\.$/],
])('%j with %j: one sentence', async (words, env, sentence) => {
  const { exitCode, last } = await smoke(words, env);
  expect(exitCode).toBe(2);
  expect(last).toMatch(sentence);
});
