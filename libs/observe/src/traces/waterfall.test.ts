import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Span } from './span.ts';
import { createTraceStore } from './trace-store.ts';
import { waterfall } from './waterfall.ts';

const span = (spanId: string, parentSpanId: string | undefined, startMs: number, endMs: number): Span => ({
  traceId: 't',
  spanId,
  parentSpanId,
  service: 'orders',
  name: spanId,
  kind: 'internal',
  startMs,
  endMs,
  failed: false,
  statusMessage: undefined,
  attributes: {},
  events: [],
  links: [],
});

const shape = (spans: readonly Span[]) =>
  waterfall(spans).map(({ span: { name }, depth }) => `${depth}${name}`);

test('children stand below their parent, in the order of their start', () => {
  const spans = [
    span('c', 'a', 5, 6),
    span('a', undefined, 0, 10),
    span('d', 'b', 3, 4),
    span('b', 'a', 2, 5),
  ];
  expect(shape(spans)).toEqual(['0a', '1b', '2d', '1c']);
  expect(waterfall(spans)[1]).toMatchObject({ offset: 0.2, length: 0.3 });
});

test('a span whose parent is not here is a root, and so are those of a circle', () => {
  expect(shape([span('a', 'gone', 0, 1), span('b', 'a', 0, 1)])).toEqual(['0a', '1b']);
  expect(shape([span('a', 'b', 0, 1), span('b', 'a', 0, 1)])).toEqual(['0a', '1b']);
  expect(shape([span('a', 'a', 0, 1)])).toEqual(['0a']);
});

test('every span is shown once, whatever the ids say', () => {
  const any = fc.array(
    fc.tuple(fc.nat(5), fc.option(fc.nat(5), { nil: undefined }), fc.nat(50), fc.nat(50)),
    { minLength: 1, maxLength: 12 },
  );
  fc.assert(
    fc.property(any, (rows) => {
      const spans = rows.map(([id, parent, start, length]) =>
        span(String(id), parent === undefined ? undefined : String(parent), start, start + length),
      );
      const bars = waterfall(spans);
      expect(new Set(bars.map((bar) => bar.span))).toEqual(new Set(spans));
      expect(bars).toHaveLength(spans.length);
      for (const { offset, length } of bars) {
        expect(offset).toBeGreaterThanOrEqual(0);
        expect(offset + length).toBeLessThanOrEqual(1 + 1e-9);
      }
    }),
  );
});

test('the store forgets the oldest traces first', () => {
  const store = createTraceStore(3);
  for (const traceId of ['t1', 't2', 't3']) {
    store.add([1, 2].map((n) => ({ ...span(`${traceId}-${n}`, undefined, n, n + 1), traceId })));
  }
  expect(store.spansOf('t1')).toEqual([]);
  expect(store.spansOf('t3')).toHaveLength(2);
  expect(store.spanCount).toBeLessThanOrEqual(3);
});
