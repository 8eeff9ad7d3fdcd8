import { internalErrorAnswer, type Logger, problemAnswer } from '@zoco/service';
import { Problem } from '@zoco/kernel';
import { commonHeaders, type Exchange, type Origins } from './exchange.ts';

const LINGER_MS = 2000;

export interface Answer {
  readonly status: number;
  /** Names and values in turn. */
  readonly headers: readonly string[];
  readonly body?: string | Buffer;
  /** What the answer depends on beside the origin. */
  readonly vary?: string | undefined;
}

/** Answers with a text or bytes that are at hand. */
export function answer(
  exchange: Exchange,
  origins: Origins,
  { status, headers, body = '', vary }: Answer,
): void {
  const { request, response } = exchange;
  const length = status === 204 || status === 304 ? [] : ['content-length', String(Buffer.byteLength(body))];
  response.writeHead(status, [...commonHeaders(exchange, origins, vary), ...headers, ...length]);
  response.end(request.method === 'HEAD' || length.length === 0 ? undefined : body);
  if (!request.complete) readRest(exchange);
}

/** Answers with the document of a problem; anything else that was thrown is a bug and gets the fixed 500. */
export function answerFailure(exchange: Exchange, origins: Origins, error: unknown, log: Logger): void {
  const { response } = exchange;
  // Nobody is there any more, or hears the beginning of another answer already.
  if (response.destroyed || response.headersSent) {
    response.destroy();
    return;
  }
  const { path } = exchange.target;
  if (!(error instanceof Problem))
    log.error({ err: error, request_id: exchange.requestId }, 'unexpected failure');
  else if (error.status >= 500) log.warn({ err: error, code: error.code }, 'unavailable');
  const document = error instanceof Problem ? problemAnswer(error, path) : internalErrorAnswer(path);
  const { status, body } = document;
  answer(exchange, origins, { status, headers: Object.entries(document.headers).flat(), body });
}

/** Reads what is left of a body that nobody wants, for a while: a client that still writes does not read. */
export function readRest({ request }: Exchange): void {
  const cut = setTimeout(() => request.destroy(), LINGER_MS);
  request.once('close', () => clearTimeout(cut));
  request.resume();
}
