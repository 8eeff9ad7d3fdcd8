import { z } from 'zod';

const Answer = z.object({
  status: z.string(),
  checks: z.array(z.object({ name: z.string(), ok: z.boolean(), detail: z.string().optional() })),
});

/** What is said of a service that does not listen yet, or hangs. */
export const NO_ANSWER = 'no answer';

const ASK_TIMEOUT_MS = 1_000;

/**
 * Asks a service's admin port whether it is ready.
 * @returns undefined when it is, else why not, for people
 */
export async function whyNotReady(adminUrl: string): Promise<string | undefined> {
  try {
    const answer = await fetch(`${adminUrl}/readyz`, { signal: AbortSignal.timeout(ASK_TIMEOUT_MS) });
    const body: unknown = await answer.json();
    return answer.ok ? undefined : explain(body);
  } catch {
    return NO_ANSWER;
  }
}

/** The same for a server without an admin port: it is ready when it answers at all. */
export async function whyNotAnswering(url: string): Promise<string | undefined> {
  try {
    const answer = await fetch(url, { signal: AbortSignal.timeout(ASK_TIMEOUT_MS) });
    await answer.body?.cancel();
    return undefined;
  } catch {
    return NO_ANSWER;
  }
}

/** The failing checks of a `/readyz` answer in one line. */
export function explain(body: unknown): string {
  const parsed = Answer.safeParse(body);
  if (!parsed.success) return 'its answer makes no sense';
  const failing = parsed.data.checks.filter((check) => !check.ok);
  if (failing.length === 0) return parsed.data.status;
  return failing.map(({ name, detail }) => (detail ? `${name}: ${detail}` : name)).join(', ');
}
