import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { SpanKind } from '@opentelemetry/api';
import { Problem } from '@zoco/kernel';
import { expect, test } from 'vitest';
import { currentTraceparent, inSpan, startTelemetry } from './telemetry.ts';

const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736';
const CALLER = '00f067aa0ba902b7';

interface Span {
  readonly name: string;
  readonly kind: number;
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly status: { readonly code?: number };
  readonly attributes: readonly { readonly key: string; readonly value: unknown }[];
}

interface Export {
  readonly resourceSpans: readonly {
    readonly resource: { readonly attributes: Span['attributes'] };
    readonly scopeSpans: readonly { readonly spans: readonly Span[] }[];
  }[];
}

/** A collector that speaks OTLP over HTTP in JSON. */
async function startCollector() {
  const received: { path: string; body: Export }[] = [];
  const server = createServer((request, response) => {
    void text(request).then((body) => {
      received.push({ path: request.url ?? '', body: JSON.parse(body) as Export });
      response.setHeader('content-type', 'application/json');
      response.end('{}');
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    received,
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async [Symbol.asyncDispose]() {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}

test('with an endpoint spans are exported: in the caller’s trace, linked to each other, bugs marked, by the sampler’s word', async () => {
  await using collector = await startCollector();
  const telemetry = await startTelemetry({
    service: 'orders',
    version: '1.2.3',
    endpoint: collector.url,
    sampleRatio: 0,
  });
  let handedOn: string | undefined;
  const parent = `00-${TRACE}-${CALLER}-01`;
  await inSpan(
    'GET /orders',
    { kind: SpanKind.SERVER, parent, attributes: { 'http.route': '/orders' } },
    async () => {
      await inSpan('reserve', { kind: SpanKind.CLIENT }, async () => {
        handedOn = currentTraceparent();
      });
      await inSpan('bug', { kind: SpanKind.INTERNAL }, () => Promise.reject(new Error('no'))).catch(() => {});
      const taken = new Problem('conflict', 'thing_taken', 'Taken.');
      await inSpan('refusal', { kind: SpanKind.INTERNAL }, () => Promise.reject(taken)).catch(() => {});
    },
  );
  await inSpan(
    'unsampled by its caller',
    { kind: SpanKind.SERVER, parent: parent.replace(/1$/, '0') },
    async () => {},
  );
  await inSpan('a root, of which this ratio takes none', { kind: SpanKind.SERVER }, async () => {
    expect(currentTraceparent()).toMatch(/-00$/);
  });
  await telemetry[Symbol.asyncDispose]();

  expect(new Set(collector.received.map(({ path }) => path))).toEqual(new Set(['/v1/traces']));
  const resources = collector.received.flatMap(({ body }) => body.resourceSpans);
  expect(resources[0]?.resource.attributes).toEqual(
    expect.arrayContaining([
      { key: 'service.name', value: { stringValue: 'orders' } },
      { key: 'service.version', value: { stringValue: '1.2.3' } },
    ]),
  );
  const spans = new Map(
    resources
      .flatMap(({ scopeSpans }) => scopeSpans.flatMap((scope) => scope.spans))
      .map((span) => [span.name, span]),
  );
  expect([...spans.keys()].toSorted()).toEqual(['GET /orders', 'bug', 'refusal', 'reserve']);
  for (const { traceId } of spans.values()) expect(traceId).toBe(TRACE);
  const root = spans.get('GET /orders');
  expect(root).toMatchObject({ parentSpanId: CALLER, kind: 2 });
  expect(root?.attributes).toContainEqual({ key: 'http.route', value: { stringValue: '/orders' } });
  const reserve = spans.get('reserve');
  expect(reserve).toMatchObject({ parentSpanId: root?.spanId, kind: 3 });
  expect(handedOn).toBe(`00-${TRACE}-${reserve?.spanId}-01`);
  expect(spans.get('bug')?.status.code).toBe(2);
  expect(spans.get('refusal')?.status.code ?? 0).toBe(0);
});

test('once it has ended it can be started anew, for another collector, and between the two nothing is recorded', async () => {
  await using first = await startCollector();
  await using second = await startCollector();
  const work = (name: string) => inSpan(name, { kind: SpanKind.INTERNAL }, async () => currentTraceparent());
  const options = { service: 'orders', version: '1.2.3', sampleRatio: 1 };
  {
    await using _telemetry = await startTelemetry({ ...options, endpoint: first.url });
    await work('first');
  }
  await work('between');
  {
    await using _telemetry = await startTelemetry({ ...options, endpoint: second.url });
    expect(await work('second')).toMatch(/-01$/);
  }
  const names = ({ received }: typeof first) =>
    received.flatMap(({ body }) =>
      body.resourceSpans.flatMap(({ scopeSpans }) =>
        scopeSpans.flatMap(({ spans }) => spans.map(({ name }) => name)),
      ),
    );
  expect([names(first), names(second)]).toEqual([['first'], ['second']]);
});
