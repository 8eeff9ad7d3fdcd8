import type { ServiceName } from '@zoco/contracts';
import { z } from 'zod';
import { reasonOf } from '../failure.ts';

/** What a service said of itself. */
export interface ServiceFacts {
  readonly name: ServiceName;
  /** From its public port; undefined when that does not answer. */
  readonly status: { readonly version: string; readonly uptimeSeconds: number | undefined } | undefined;
  /** Why the public port does not answer. */
  readonly silence: string | undefined;
  /** From its admin port: the checks of readiness that fail; undefined when that does not answer. */
  readonly failing: readonly { readonly name: string; readonly detail: string }[] | undefined;
  /** True while it is asked to stop. */
  readonly draining: boolean;
}

const TIMEOUT_MS = 2000;

const healthAnswer = z.object({ version: z.string() });
// The gateway's own tells of the services behind it instead.
const statusAnswer = z.object({ uptime_seconds: z.number() });
const gatewayAnswer = z.object({
  services: z.record(
    z.string(),
    z.object({ status: z.string(), version: z.string().nullish(), latency_ms: z.number().nullish() }),
  ),
});
const readyAnswer = z.object({
  status: z.string(),
  checks: z.array(z.object({ name: z.string(), ok: z.boolean(), detail: z.string() })),
});

/** Asks one service at both of its ports; never throws. */
export async function probeService(
  name: ServiceName,
  { url, adminUrl }: { readonly url: string; readonly adminUrl: string },
): Promise<ServiceFacts> {
  const [health, status, ready] = await Promise.all([
    ask(`${url}/health`, healthAnswer),
    ask(`${url}/status`, statusAnswer),
    ask(`${adminUrl}/readyz`, readyAnswer),
  ]);
  return {
    name,
    status:
      'answer' in health
        ? {
            version: health.answer.version,
            uptimeSeconds: 'answer' in status ? status.answer.uptime_seconds : undefined,
          }
        : undefined,
    silence: 'reason' in health ? health.reason : undefined,
    failing: 'answer' in ready ? ready.answer.checks.filter(({ ok }) => !ok) : undefined,
    draining: 'answer' in ready && ready.answer.status === 'draining',
  };
}

/** What a gateway that is not on this machine says of the services behind it, or why it says nothing. */
export type GatewayFacts =
  | { readonly silence: string }
  | {
      readonly services: readonly {
        readonly name: string;
        readonly state: string;
        readonly version: string | undefined;
        readonly latencyMs: number | undefined;
      }[];
    };

/** Asks the gateway for all of them; never throws. */
export async function probeGateway(url: string): Promise<GatewayFacts> {
  const asked = await ask(`${url}/status`, gatewayAnswer);
  if ('reason' in asked) return { silence: asked.reason };
  return {
    services: Object.entries(asked.answer.services).map(([name, service]) => ({
      name,
      state: service.status,
      version: service.version ?? undefined,
      latencyMs: service.latency_ms ?? undefined,
    })),
  };
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
