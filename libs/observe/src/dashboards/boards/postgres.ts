import { type DashboardDraft, toDashboard } from '../dashboard.ts';
import { curves, number } from '../panel.ts';
import { orZero, query } from '../query.ts';

const toService = toDashboard('This service', 'service', { service: '${__field.labels.service}' });

/** The database as the services see it: places in their pools, and transactions. */
export const postgres: DashboardDraft = {
  name: 'postgres',
  title: 'Postgres',
  description: 'Connection pools and transactions, as the services see them.',
  sections: [
    {
      title: 'At a glance',
      panels: [
        number({
          title: 'Connections in use',
          description: 'Transactions under way, all services and replicas.',
          unit: 'short',
          decimals: 0,
          width: 6,
          sparkline: true,
          queries: [query('sum(zoco_postgres_pool_connections{$ns, state="in_use"})')],
        }),
        number({
          title: 'Connections at most',
          description: 'What all pools together may open: keep max_connections of the server above it.',
          unit: 'short',
          decimals: 0,
          width: 6,
          queries: [query('sum(zoco_postgres_pool_connections{$ns})')],
        }),
        number({
          title: 'Waiting for one',
          description:
            'Transactions without a place; above 0 for long, a pool is too small or a statement too slow.',
          unit: 'short',
          decimals: 0,
          width: 6,
          steps: [['green'], ['orange', 1], ['red', 10]],
          queries: [query('sum(zoco_postgres_pool_waiting{$ns})')],
        }),
        number({
          title: 'Transactions per second',
          description: 'Over five minutes, background work included.',
          unit: 'short',
          width: 6,
          sparkline: true,
          queries: [query('sum(rate(zoco_postgres_transaction_duration_seconds_count{$ns}[5m]))')],
        }),
      ],
    },
    {
      title: 'Pools',
      panels: [
        curves({
          title: 'In use',
          description: 'Share of the places that serve requests, fullest replica.',
          unit: 'percentunit',
          max: 1,
          width: 12,
          queries: [
            query(
              `max by (service, pool) (zoco_postgres_pool_connections{$ns, state="in_use"}
                / ignoring (state) sum without (state) (zoco_postgres_pool_connections{$ns}))`,
              '{{service}} {{pool}}',
            ),
          ],
          dataLinks: [toService],
        }),
        curves({
          title: 'Waiting',
          description: 'Transactions that wait for a place.',
          unit: 'short',
          width: 12,
          queries: [
            query('sum by (service, pool) (zoco_postgres_pool_waiting{$ns})', '{{service}} {{pool}}'),
          ],
          dataLinks: [toService],
        }),
      ],
    },
    {
      title: 'Transactions',
      panels: [
        curves({
          title: 'Per second by service',
          description: 'All kinds.',
          unit: 'short',
          stacked: true,
          queries: [
            query(
              'sum by (service) (rate(zoco_postgres_transaction_duration_seconds_count{$ns}[$__rate_interval]))',
              '{{service}}',
            ),
          ],
          dataLinks: [toService],
        }),
        curves({
          title: 'Per second by kind',
          description:
            'write: one tenant, read write. read: one tenant, read only. worker: relay and sweepers, across tenants.',
          unit: 'short',
          stacked: true,
          queries: [
            query(
              'sum by (mode) (rate(zoco_postgres_transaction_duration_seconds_count{$ns}[$__rate_interval]))',
              '{{mode}}',
            ),
          ],
        }),
        curves({
          title: 'Time of a write, p95',
          description: 'From begin to the end of the commit.',
          unit: 's',
          queries: [
            query(
              'histogram_quantile(0.95, sum by (le, service) (rate(zoco_postgres_transaction_duration_seconds_bucket{$ns, mode="write"}[$__rate_interval])))',
              '{{service}}',
            ),
          ],
          dataLinks: [toService],
        }),
        curves({
          title: 'Time of a read, p95',
          description: 'From begin to the end of the commit.',
          unit: 's',
          queries: [
            query(
              'histogram_quantile(0.95, sum by (le, service) (rate(zoco_postgres_transaction_duration_seconds_bucket{$ns, mode="read"}[$__rate_interval])))',
              '{{service}}',
            ),
          ],
          dataLinks: [toService],
        }),
        curves({
          title: 'Rolled back',
          description: 'A refusal by a rule rolls back too; a flood of them in background work does not.',
          unit: 'short',
          queries: [
            query(
              orZero(
                'sum by (service, mode) (rate(zoco_postgres_transaction_duration_seconds_count{$ns, outcome="failed"}[$__rate_interval])) > 0',
              ),
              '{{service}} {{mode}}',
            ),
          ],
          dataLinks: [toService],
        }),
        curves({
          title: 'Run again',
          description: 'Because of a deadlock or a serialization failure.',
          unit: 'short',
          queries: [
            query(
              orZero(
                'sum by (service) (rate(zoco_postgres_transaction_retries_total{$ns}[$__rate_interval]))',
              ),
              '{{service}}',
            ),
          ],
          dataLinks: [toService],
        }),
      ],
    },
  ],
};
