import { setTimeout as delay } from 'node:timers/promises';
import type { z } from 'zod';
import { type Api, type ApiAnswer, type ApiRequest, describe } from '../api.ts';
import { CliFailure, Interrupted, reasonOf } from '../failure.ts';
import type { Terminal } from '../terminal.ts';

const ASK_AGAIN_MS = 200;
// A tenant that was just made is news that still travels.
const NOT_YET = 'tenant_not_found';

/** Limits of one smoke test. */
export interface Limits {
  readonly timeoutMs: number;
  /** Somebody pressed Ctrl-C. */
  readonly signal: AbortSignal;
  /** The same, or the time is over. */
  readonly deadline: AbortSignal;
}

/**
 * Does one step, and prints that it is done.
 * @throws CliFailure that begins with what was tried
 */
export async function step<T>(
  terminal: Terminal,
  limits: Limits,
  title: string,
  work: () => Promise<T>,
): Promise<T> {
  const startedMs = performance.now();
  try {
    const result = await work();
    terminal.note(`ok  ${title} (${Math.round(performance.now() - startedMs)} ms)`);
    return result;
  } catch (error) {
    if (limits.signal.aborted) throw new Interrupted('Interrupted.');
    const reason = limits.deadline.aborted
      ? `it was not so within ${limits.timeoutMs / 1000} s; ${lastWords(error)}`
      : lastWords(error);
    throw new CliFailure(`Failed: ${title}: ${reason}`, { cause: error });
  }
}

const lastWords = (error: unknown) => (error instanceof Error ? error.message : reasonOf(error));

/**
 * The body of an answer that has to be a success.
 * @throws CliFailure with what the API said otherwise
 */
export async function expectOk<T>(
  api: Api,
  limits: Limits,
  request: ApiRequest,
  schema: z.ZodType<T>,
): Promise<T> {
  for (;;) {
    const answer: ApiAnswer = await api.send(request);
    if (answer.problem === undefined) return parse(request, answer, schema);
    if (answer.problem.code !== NOT_YET || limits.deadline.aborted) {
      throw new CliFailure(`${request.method} ${request.path} answered ${describe(answer)}`);
    }
    await pause(limits);
  }
}

/**
 * Asks until the answer is what is waited for.
 * @param isIt undefined when it is, else what it is instead
 */
export async function waitUntil<T>(
  limits: Limits,
  ask: () => Promise<T>,
  isIt: (found: T) => string | undefined,
): Promise<T> {
  for (;;) {
    const found = await ask();
    const instead = isIt(found);
    if (instead === undefined) return found;
    await pause(limits);
    if (limits.deadline.aborted) throw new CliFailure(instead);
  }
}

/** @throws CliFailure when the gateway is silent until the time is over */
export async function waitForGateway(url: string, limits: Limits): Promise<void> {
  for (;;) {
    const reason = await whySilent(url, limits.deadline);
    if (reason === undefined) return;
    await pause(limits);
    if (limits.deadline.aborted) throw new CliFailure(`${url} ${reason}`);
  }
}

async function whySilent(url: string, signal: AbortSignal): Promise<string | undefined> {
  try {
    const answer = await fetch(`${url}/health`, {
      signal: AbortSignal.any([signal, AbortSignal.timeout(5000)]),
    });
    await answer.body?.cancel();
    return answer.ok ? undefined : `answers ${answer.status}`;
  } catch (error) {
    return `does not answer (${reasonOf(error)})`;
  }
}

function pause({ deadline }: Limits): Promise<void> {
  return delay(ASK_AGAIN_MS, undefined, { signal: deadline }).catch(() => {});
}

function parse<T>(request: ApiRequest, answer: ApiAnswer, schema: z.ZodType<T>): T {
  const parsed = schema.safeParse(answer.body);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw new CliFailure(
    `${request.method} ${request.path} answered ${answer.status} with something unexpected (${issue?.path.join('.')}: ${issue?.message})`,
  );
}
