import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import { z } from 'zod';
import { html } from './html.ts';
import { createPrometheusClient } from './prometheus-client.ts';
import { readSpans } from './traces/otlp.ts';
import { createTraceStore, type TraceFilter, type TraceStore } from './traces/trace-store.ts';
import { page, STYLE } from './view/layout.ts';
import { alertsPage, slowPage } from './view/metric-pages.ts';
import { tracePage, tracesPage } from './view/trace-pages.ts';

export interface TraceViewOptions {
  /** 0 takes a free one. */
  readonly port: number;
  /** Asked for alerts and exemplars. */
  readonly prometheusUrl?: string | undefined;
}

/** A small server that takes spans over OTLP/HTTP and shows them as pages. */
export interface TraceView extends AsyncDisposable {
  /** Of the pages, and the OTLP endpoint too. */
  readonly url: string;
  readonly store: TraceStore;
}

// Plain ASCII or its escapes: whatever it is, it can be decoded.
const URL_PART = /^(?:[^%]|%[0-7][0-9a-f])+$/i;

const BODY_BYTES_MAX = 16 * 1024 ** 2;

/**
 * Listens on loopback. Nothing is written to disk.
 * @throws Error `EADDRINUSE` when the port is taken
 */
export function startTraceView({ port, prometheusUrl }: TraceViewOptions): Promise<TraceView> {
  const store = createTraceStore();
  const server = createServer((request, response) => {
    answer(request, store, prometheusUrl)
      .catch((error: unknown): Answer => ({ status: 500, body: String(error) }))
      .then(
        (result) => send(response, result),
        () => response.destroy(),
      );
  });
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', () => {
      const address = server.address();
      const bound = typeof address === 'object' && address !== null ? address.port : port;
      resolve({
        url: `http://127.0.0.1:${bound}`,
        store,
        async [Symbol.asyncDispose]() {
          const { promise, resolve: closed } = Promise.withResolvers<void>();
          server.close(() => closed());
          server.closeAllConnections();
          await promise;
        },
      });
    });
  });
}

interface Answer {
  readonly status: number;
  readonly body: string;
  readonly type?: string;
  readonly location?: string;
}

async function answer(
  request: IncomingMessage,
  store: TraceStore,
  prometheusUrl: string | undefined,
): Promise<Answer> {
  const url = new URL(request.url ?? '/', 'http://127.0.0.1');
  if (request.method === 'POST' && url.pathname === '/v1/traces') return takeSpans(request, store);
  if (request.method !== 'GET') return { status: 405, body: 'GET pages, POST /v1/traces' };
  if (url.pathname === '/style.css') return { status: 200, body: STYLE, type: 'text/css' };
  if (url.pathname === '/') return ok(tracesPage(store, filterOf(url.searchParams)));
  if (url.pathname === '/trace') {
    return {
      status: 303,
      body: '',
      location: `/trace/${encodeURIComponent(url.searchParams.get('id')?.trim() ?? '')}`,
    };
  }
  const traceId = /^\/trace\/([^/]+)$/.exec(url.pathname)?.[1];
  if (traceId !== undefined && URL_PART.test(traceId))
    return showTrace(decodeURIComponent(traceId).toLowerCase(), store);
  if (url.pathname === '/alerts' || url.pathname === '/slow') return metricPage(url.pathname, prometheusUrl);
  return notFound('There is no such page.');
}

function showTrace(traceId: string, store: TraceStore): Answer {
  const shown = tracePage(traceId, store.spansOf(traceId));
  const words = `No span of trace ${traceId} is here: it may be on its way (spans arrive within seconds), not sampled, or too old.`;
  return shown === undefined ? notFound(words) : ok(shown);
}

async function metricPage(path: string, prometheusUrl: string | undefined): Promise<Answer> {
  if (prometheusUrl === undefined) return notFound('No Prometheus runs beside this view.');
  const prometheus = createPrometheusClient(prometheusUrl);
  try {
    return ok(await (path === '/alerts' ? alertsPage(prometheus) : slowPage(prometheus, Date.now() / 1000)));
  } catch (error) {
    const words = `Prometheus at ${prometheusUrl} does not answer: ${error instanceof Error ? error.message : ''}`;
    return { ...notFound(words), status: 502 };
  }
}

async function takeSpans(request: IncomingMessage, store: TraceStore): Promise<Answer> {
  if (!/^application\/json\b/.test(request.headers['content-type'] ?? '')) {
    return {
      status: 415,
      body: 'Only OTLP as JSON is understood: set OTEL_EXPORTER_OTLP_PROTOCOL=http/json.',
    };
  }
  try {
    store.add(readSpans(JSON.parse(await bodyOf(request))));
    return { status: 200, body: '{}', type: 'application/json' };
  } catch (error) {
    if (error instanceof z.ZodError || error instanceof SyntaxError || error instanceof RangeError)
      return { status: 400, body: error.message };
    throw error;
  }
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let byteCount = 0;
  for await (const chunk of request) {
    const bytes = Buffer.from(z.instanceof(Uint8Array).parse(chunk));
    byteCount += bytes.length;
    if (byteCount > BODY_BYTES_MAX) throw new RangeError('more than 16 MB at once');
    chunks.push(bytes);
  }
  const body = Buffer.concat(chunks);
  if (request.headers['content-encoding'] !== 'gzip') return body.toString();
  return (await promisify(gunzip)(body, { maxOutputLength: BODY_BYTES_MAX })).toString();
}

function filterOf(parameters: URLSearchParams): TraceFilter {
  const text = (name: string) => parameters.get(name)?.trim() || undefined;
  const durationMinMs = Number(text('ms') ?? 0);
  return {
    service: text('service'),
    name: text('name'),
    durationMinMs: Number.isFinite(durationMinMs) && durationMinMs > 0 ? durationMinMs : undefined,
    failedOnly: parameters.has('failed'),
  };
}

function ok(body: string): Answer {
  return { status: 200, body, type: 'text/html; charset=utf-8' };
}

function notFound(words: string): Answer {
  return { status: 404, body: page('Not here', '', html`<p>${words}</p>`), type: 'text/html; charset=utf-8' };
}

function send(response: ServerResponse, { status, body, type = 'text/plain', location }: Answer): void {
  response.writeHead(status, {
    'content-type': type,
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
    'content-security-policy':
      "default-src 'none'; style-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    ...(location === undefined ? {} : { location }),
  });
  response.end(body);
}
