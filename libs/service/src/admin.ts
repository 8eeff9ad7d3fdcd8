import { Hono } from 'hono';
import { renderMetrics } from './metrics-page.ts';

/** One condition of readiness. `check` resolves when it holds and throws an Error that says why not. */
export interface ReadinessCheck {
  readonly name: string;
  check(): Promise<void>;
}

export interface Readiness {
  /** True from the moment the process is asked to stop: `/readyz` fails so that no more requests come. */
  readonly isDraining: () => boolean;
  readonly checks: readonly ReadinessCheck[];
}

const CHECK_TIMEOUT_MS = 500;

/**
 * The admin port: `/livez` (the event loop turns), `/readyz` (database, migrations, keys; not NATS, the outbox buffers)
 * and `/metrics`.
 */
export function createAdminApp(readiness: Readiness): Hono {
  const app = new Hono();
  app.get('/livez', (c) => c.text('ok'));
  app.get('/readyz', async (c) => {
    const checks = await Promise.all(readiness.checks.map(run));
    const isDraining = readiness.isDraining();
    const ready = !isDraining && checks.every(({ ok }) => ok);
    const status = ready ? 'ready' : isDraining ? 'draining' : 'not_ready';
    return c.json({ status, checks }, ready ? 200 : 503);
  });
  app.get('/metrics', async (c) => {
    const { contentType, body } = await renderMetrics(c.req.header('accept'));
    c.header('content-type', contentType);
    return c.body(body);
  });
  return app;
}

async function run(condition: ReadinessCheck): Promise<{ name: string; ok: boolean; detail: string }> {
  const { name } = condition;
  const { promise: late, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(
    () => reject(new Error(`no answer within ${CHECK_TIMEOUT_MS} ms`)),
    CHECK_TIMEOUT_MS,
  );
  try {
    await Promise.race([condition.check(), late]);
    return { name, ok: true, detail: 'ok' };
  } catch (error) {
    return { name, ok: false, detail: error instanceof Error ? error.message : 'failed' };
  } finally {
    clearTimeout(timer);
  }
}
