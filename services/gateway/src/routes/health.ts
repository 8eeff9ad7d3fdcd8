import { createRouter, defineRoute, open } from '@zoco/service';
import { z } from '@hono/zod-openapi';
import type { ReadDeployments } from '../deployments.ts';
import type { CheckServices } from '../service-status.ts';

const number = z.int();

const deployment = z
  .object({
    replicas: z.object({ desired: number, updated: number, ready: number, available: number }),
    rollout: z
      .enum(['done', 'progressing', 'stalled'])
      .openapi({ description: '`stalled`: new pods do not become available in time.' }),
    image: z.string().openapi({ description: 'Tag of the image that is wanted.' }),
  })
  .openapi('ServiceDeployment');

const serviceStatus = z
  .object({
    status: z.enum(['up', 'down', 'not_deployed']),
    version: z.string().nullable(),
    latency_ms: z.number().nullable().openapi({ description: 'Time of its answer, in milliseconds.' }),
    deployment: deployment.nullable().openapi({ description: 'In a cluster: where its rollout stands.' }),
  })
  .openapi('ServiceStatus');

const systemStatus = z
  .object({
    status: z
      .enum(['ok', 'degraded'])
      .openapi({ description: '`degraded` when a deployed service is down.' }),
    cluster: z
      .object({ status: z.enum(['ok', 'outside', 'forbidden', 'unreachable']), detail: z.string() })
      .openapi({ description: 'Whether the cluster tells of Deployments, and why not.' }),
    services: z.record(z.string(), serviceStatus).openapi({ description: 'By name of the service.' }),
  })
  .openapi('SystemStatus', {
    example: {
      status: 'ok',
      cluster: { status: 'ok', detail: 'From the Deployments.' },
      services: {
        catalog: {
          status: 'up',
          version: '0.1.0',
          latency_ms: 1.4,
          deployment: {
            replicas: { desired: 2, updated: 2, ready: 2, available: 2 },
            rollout: 'done',
            image: '0.1.0',
          },
        },
      },
    },
  });

const gatewayHealth = z
  .object({ status: z.literal('ok'), service: z.literal('gateway'), version: z.string() })
  .openapi('GatewayHealth', { example: { status: 'ok', service: 'gateway', version: '0.1.0' } });

export interface HealthOptions {
  readonly version: string;
  readonly checkServices: CheckServices;
  readonly readDeployments: ReadDeployments;
}

export function healthRoutes({ version, checkServices, readDeployments }: HealthOptions) {
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
        description:
          'Asks all services at once, at most once a second; in a cluster, the API server every five seconds.',
        tags: ['gateway'],
        responses: {
          200: {
            description: 'What each service answered.',
            content: { 'application/json': { schema: systemStatus } },
          },
        },
      }),
      async (c) => {
        const [states, { deployments, ...cluster }] = await Promise.all([checkServices(), readDeployments()]);
        const services = Object.fromEntries(
          Object.entries(states).map(([name, state]) => [
            name,
            { ...state, deployment: deployments[name] ?? null },
          ]),
        );
        const down = Object.values(services).some(({ status }) => status === 'down');
        c.header('cache-control', 'no-store');
        return c.json({ status: down ? ('degraded' as const) : ('ok' as const), cluster, services }, 200);
      },
    );
}
