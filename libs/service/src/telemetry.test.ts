import { SpanKind } from '@opentelemetry/api';
import { Problem } from '@zoco/kernel';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createShopApp, type ProblemDocument } from '../fixtures/shop-app.ts';
import { currentTraceId, currentTraceparent, inSpan, startTelemetry } from './telemetry.ts';

const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736';
const PARENT = `00-${TRACE}-00f067aa0ba902b7-01`;
const TRACEPARENT = /^00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$/;

let telemetry: AsyncDisposable;

beforeAll(async () => {
  telemetry = await startTelemetry({ service: 'test', version: 'test', sampleRatio: 1 });
});
afterAll(() => telemetry[Symbol.asyncDispose]());

const server = { kind: SpanKind.SERVER } as const;

describe('without an exporter', () => {
  test('outside a span there is no trace', () => {
    expect(currentTraceparent()).toBeUndefined();
    expect(currentTraceId()).toBeUndefined();
  });

  test('a trace that comes in goes on, across awaits', async () => {
    await inSpan('work', { ...server, parent: PARENT }, async () => {
      await new Promise((resolve) => setImmediate(resolve));
      expect(currentTraceId()).toBe(TRACE);
      expect(currentTraceparent()).toMatch(TRACEPARENT);
      await inSpan('inner', server, async () => expect(currentTraceId()).toBe(TRACE));
    });
    expect(currentTraceId()).toBeUndefined();
  });

  test('two at once do not mix', async () => {
    const other = PARENT.replaceAll('4', '5');
    const seen = await Promise.all(
      [PARENT, other].map((parent) =>
        inSpan('work', { ...server, parent }, async () => {
          await new Promise((resolve) => setImmediate(resolve));
          return currentTraceId();
        }),
      ),
    );
    expect(seen).toEqual([TRACE, TRACE.replaceAll('4', '5')]);
  });

  test.each([
    undefined,
    '',
    'rubbish',
    `01-${TRACE}-00f067aa0ba902b7-01`,
    `00-${TRACE.toUpperCase()}-00f067aa0ba902b7-01`,
    `00-${TRACE}-00f067aa0ba902b7`,
    `00-${'0'.repeat(32)}-00f067aa0ba902b7-01`,
    `00-${TRACE}-${'0'.repeat(16)}-01`,
    `${PARENT}\n`,
  ])('without a good parent a trace of its own begins: %j', async (parent) => {
    const options = parent === undefined ? server : { ...server, parent };
    const ids = await Promise.all([1, 2].map(() => inSpan('work', options, async () => currentTraceId())));
    for (const id of ids) expect(id).toMatch(/^[0-9a-f]{32}$/);
    for (const id of ids) expect(id).not.toMatch(/^0+$/);
    expect(new Set([...ids, TRACE]).size).toBe(3);
  });

  test('what work throws is thrown', async () => {
    const problem = new Problem('conflict', 'thing_taken', 'Taken.');
    await expect(inSpan('work', server, () => Promise.reject(problem))).rejects.toBe(problem);
  });
});

test('a problem document names the trace of its request', async () => {
  const { app } = await createShopApp();
  const response = await app.request('/nothing', { headers: { traceparent: PARENT } });
  expect(((await response.json()) as ProblemDocument & { trace_id: string }).trace_id).toBe(TRACE);
});
