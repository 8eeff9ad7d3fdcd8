import { SpanKind } from '@opentelemetry/api';
import { describeRequest, inSpan, knownMethod, type Logger, observeRequest } from '@zoco/service';
import type { Clock } from './clock.ts';
import type { Exchange } from './exchange.ts';
import { headerOf } from './rules/http-headers.ts';

/** Status in metrics and logs of a request whose client left before it was answered; a convention of nginx. */
const CLIENT_LEFT = 499;

/** Runs `work` in the span of a request, waits for the end of its answer, and then counts, times and logs it. */
export async function observe(
  exchange: Exchange,
  clock: Clock,
  log: Logger,
  work: () => Promise<void>,
): Promise<void> {
  const { request, response, startedMs } = exchange;
  const method = request.method ?? 'GET';
  const closed = new Promise<void>((resolve) => {
    response.once('close', () => resolve());
  });
  const parent = headerOf(request.headers, 'traceparent');
  await inSpan(knownMethod(method), { kind: SpanKind.SERVER, parent }, async (span) => {
    await work();
    await closed;
    const { route } = exchange;
    const status = response.headersSent ? response.statusCode : CLIENT_LEFT;
    if (span.isRecording()) {
      describeRequest(span, {
        method,
        scheme: exchange.client.secure ? 'https' : 'http',
        host: headerOf(request.headers, 'host') ?? '',
        path: exchange.target.path,
        route,
        status,
      });
      const agent = headerOf(request.headers, 'user-agent');
      span.setAttributes({
        'client.address': exchange.client.address,
        ...(agent === undefined ? {} : { 'user_agent.original': agent.slice(0, 200) }),
      });
    }
    const durationMs = clock.monotonicMs() - startedMs;
    observeRequest(method, route, status, durationMs / 1000);
    const level = status >= 500 ? 'error' : status >= 400 || method !== 'GET' ? 'info' : 'debug';
    if (!log.isLevelEnabled(level)) return;
    const duration = Math.round(durationMs * 1000) / 1000;
    log[level]({ request_id: exchange.requestId, method, route, status, duration_ms: duration }, 'request');
  });
}
