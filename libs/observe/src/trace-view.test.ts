import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { startTraceView, type TraceView } from './trace-view.ts';

const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736';
const ROOT_SPAN = '00f067aa0ba902b7';
const START_NS = 1_770_000_000_000_000_000n;

function span(id: string, more: Record<string, unknown> = {}) {
  return {
    traceId: TRACE,
    spanId: id,
    name: `span ${id}`,
    kind: 2,
    startTimeUnixNano: String(START_NS),
    endTimeUnixNano: String(START_NS + 20_000_000n),
    ...more,
  };
}

const request = (service: string, ...spans: unknown[]) => ({
  resourceSpans: [
    {
      resource: { attributes: [{ key: 'service.name', value: { stringValue: service } }] },
      scopeSpans: [{ scope: { name: 'zoco' }, spans }],
    },
  ],
});

let view: TraceView;
beforeEach(async () => {
  view = await startTraceView({ port: 0 });
});
afterEach(() => view[Symbol.asyncDispose]());

async function send(body: unknown, headers: Record<string, string> = {}): Promise<number> {
  const bytes =
    headers['content-encoding'] === 'gzip' ? gzipSync(JSON.stringify(body)) : JSON.stringify(body);
  const type = { 'content-type': 'application/json' };
  const response = await fetch(`${view.url}/v1/traces`, {
    method: 'POST',
    headers: { ...type, ...headers },
    body: bytes,
  });
  return response.status;
}

const get = async (path: string) => {
  const response = await fetch(view.url + path, { redirect: 'manual' });
  return { status: response.status, headers: response.headers, text: await response.text() };
};

test('spans of several services, sent plain and packed, make one trace', async () => {
  expect(await send(request('gateway', span(ROOT_SPAN, { name: 'POST /cart/checkout' })))).toBe(200);
  const child = span('00f067aa0ba902b8', { parentSpanId: ROOT_SPAN, kind: 3 });
  expect(await send(request('cart', child), { 'content-encoding': 'gzip' })).toBe(200);
  const { text } = await get('/');
  expect(text).toContain(`/trace/${TRACE}`);
  expect(text).toContain('POST /cart/checkout');
  const page = await get(`/trace/${TRACE}`);
  expect(page.status).toBe(200);
  expect(page.text).toContain('2 spans');
});

test.each([
  ['text that is no JSON', 'x', 400],
  ['JSON that is no request', { resourceSpans: 1 }, 400],
  ['a short trace id', request('a', span(ROOT_SPAN, { traceId: 'ab' })), 400],
])('%s is refused', async (_what, body, status) => {
  expect(await send(body)).toBe(status);
  expect(view.store.spanCount).toBe(0);
});

test('other formats are told what is understood', async () => {
  expect(await send({}, { 'content-type': 'application/x-protobuf' })).toBe(415);
});

describe('what others wrote stays text', () => {
  const EVIL = `"><script>alert('x')</script>&`;

  test('in every place where it is shown', async () => {
    await send(
      request(
        EVIL,
        span(ROOT_SPAN, {
          name: EVIL,
          status: { code: 2, message: EVIL },
          attributes: [{ key: EVIL, value: { stringValue: EVIL } }],
          events: [
            {
              name: EVIL,
              timeUnixNano: String(START_NS),
              attributes: [{ key: EVIL, value: { arrayValue: { values: [{ stringValue: EVIL }] } } }],
            },
          ],
        }),
      ),
    );
    for (const path of [
      '/',
      `/?service=${encodeURIComponent(EVIL)}&name=${encodeURIComponent('">')}`,
      `/trace/${TRACE}`,
      `/trace/${encodeURIComponent(EVIL)}`,
    ]) {
      const { text, headers } = await get(path);
      expect(text, path).not.toContain('<script');
      expect(headers.get('content-security-policy')).toContain("default-src 'none'");
    }
  });
});

test('a trace id that somebody pasted leads to its page', async () => {
  const { status, headers } = await get(`/trace?id=%20${TRACE}%20`);
  expect([status, headers.get('location')]).toEqual([303, `/trace/${TRACE}`]);
  expect((await get(`/trace/${'0'.repeat(32)}`)).status).toBe(404);
  expect((await get('/trace/%E0%A4%A')).status).toBe(404);
});

test('filters leave out what does not fit', async () => {
  await send(request('gateway', span(ROOT_SPAN, { name: 'GET /x' })));
  for (const [query, shown] of [
    ['service=gateway', true],
    ['service=cart', false],
    ['name=get', true],
    ['name=post', false],
    ['ms=20', true],
    ['ms=21', false],
    ['failed=on', false],
    ['ms=nonsense', true],
  ] as const) {
    expect((await get(`/?${query}`)).text.includes('GET /x'), query).toBe(shown);
  }
});

test('without a Prometheus, and with one that is away, its pages say so', async () => {
  expect((await get('/alerts')).status).toBe(404);
  await using other = await startTraceView({ port: 0, prometheusUrl: 'http://127.0.0.1:9' });
  const response = await fetch(`${other.url}/slow`);
  expect(response.status).toBe(502);
  expect(await response.text()).toContain('does not answer');
});
