import type { ServiceName } from '@zoco/contracts';
import { z } from 'zod';
import { reasonOf } from '../failure.ts';

/** What a service said of itself. */
export interface ServiceFacts {
  readonly name: ServiceName;
  /** From its public port; undefined when that does not answer. */
  readonly status: { readonly version: string; readonly uptimeSeconds: number } | undefined;
  /** Why the public port does not answer. */
  readonly silence: string | undefined;
  /** From its admin port: the checks of readiness that fail; undefined when that does not answer. */
  readonly failing: readonly { readonly name: string; readonly detail: string }[] | undefined;
  /** True while it is asked to stop. */
  readonly draining: boolean;
}

const TIMEOUT_MS = 2000;

const statusAnswer = z.object({ version: z.string(), uptime_seconds: z.number() });
const readyAnswer = z.object({
  status: z.string(),
  checks: z.array(z.object({ name: z.string(), ok: z.boolean(), detail: z.string() })),
});

/** Asks one service at both of its ports; never throws. */
export async function probeService(
  name: ServiceName,
  { url, adminUrl }: { readonly url: string; readonly adminUrl: string },
): Promise<ServiceFacts> {
  const [status, ready] = await Promise.all([
    ask(`${url}/status`, statusAnswer),
    ask(`${adminUrl}/readyz`, readyAnswer),
  ]);
  return {
    name,
    status:
      'answer' in status
        ? { version: status.answer.version, uptimeSeconds: status.answer.uptime_seconds }
        : undefined,
    silence: 'reason' in status ? status.reason : undefined,
    failing: 'answer' in ready ? ready.answer.checks.filter(({ ok }) => !ok) : undefined,
    draining: 'answer' in ready && ready.answer.status === 'draining',
  };
}

/** Whether something answers there, for a gateway that is not on this machine. */
export async function probeGateway(url: string): Promise<string | undefined> {
  const answer = await ask(`${url}/health`, z.unknown());
  return 'reason' in answer ? answer.reason : undefined;
}

async function ask<T>(
  url: string,
  schema: z.ZodType<T>,
): Promise<{ readonly answer: T } | { readonly reason: string }> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(TIMEOUT_MS) });
    const parsed = schema.safeParse(await response.json());
    return parsed.success
      ? { answer: parsed.data }
      : { reason: `answers ${response.status}, but not as Zoco would` };
  } catch (error) {
    return { reason: reasonOf(error) };
  }
}
