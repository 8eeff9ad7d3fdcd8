import { createRouter, defineRoute, open } from '@zoco/service';
import { z } from '@hono/zod-openapi';
import type { CheckServices } from '../service-status.ts';

const serviceStatus = z
  .object({
    status: z.enum(['up', 'down', 'not_deployed']),
    version: z.string().nullable(),
    latency_ms: z.number().nullable().openapi({ description: 'Time of its answer, in milliseconds.' }),
  })
  .openapi('ServiceStatus');

const systemStatus = z
  .object({
    status: z
      .enum(['ok', 'degraded'])
      .openapi({ description: '`degraded` when a deployed service is down.' }),
    services: z.record(z.string(), serviceStatus).openapi({ description: 'By name of the service.' }),
  })
  .openapi('SystemStatus', {
    example: {
      status: 'ok',
      services: { catalog: { status: 'up', version: '0.1.0', latency_ms: 1.4 } },
    },
  });

const gatewayHealth = z
  .object({ status: z.literal('ok'), service: z.literal('gateway'), version: z.string() })
  .openapi('GatewayHealth', { example: { status: 'ok', service: 'gateway', version: '0.1.0' } });

export function healthRoutes({ version, checkServices }: { version: string; checkServices: CheckServices }) {
  return createRouter()
    .openapi(
      defineRoute({
        method: 'get',
        path: '/health',
        access: open,
        summary: 'Health of the gateway',
        description: 'Whether the gateway itself answers; of the services behind it `/status` tells.',
        tags: ['gateway'],
        responses: {
          200: {
            description: 'The gateway answers.',
            content: { 'application/json': { schema: gatewayHealth } },
          },
        },
      }),
      (c) => c.json({ status: 'ok' as const, service: 'gateway' as const, version }, 200),
    )
    .openapi(
      defineRoute({
        method: 'get',
        path: '/status',
        access: open,
        summary: 'State of every service',
        description: 'Asks all services at once, at most once a second.',
        tags: ['gateway'],
        responses: {
          200: {
            description: 'What each service answered.',
            content: { 'application/json': { schema: systemStatus } },
          },
        },
      }),
      async (c) => {
        const services = await checkServices();
        const down = Object.values(services).some(({ status }) => status === 'down');
        c.header('cache-control', 'no-store');
        return c.json({ status: down ? ('degraded' as const) : ('ok' as const), services }, 200);
      },
    );
}
