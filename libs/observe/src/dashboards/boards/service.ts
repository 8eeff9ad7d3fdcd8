import { type DashboardDraft, labelVariable, toDashboard, toLogs, toTraces } from '../dashboard.ts';
import { curves, number, table } from '../panel.ts';
import { orZero, quantiles, query } from '../query.ts';

const OF_SERVICE = '$ns, service="$service"';
const traces = toTraces('Traces of this service', '{resource.service.name="${service}"}');
const failing = toTraces('Traces that failed', '{resource.service.name="${service}" && status=error}');
const logs = toLogs('Logs of this service', '{namespace="${namespace}", component="${service}"}');

/** Any one service: rate, errors, duration, what it asks of others, and its process. */
export const service: DashboardDraft = {
  name: 'service',
  title: 'Service',
  description: 'One service: its requests, the calls it makes, and its processes.',
  variables: [
    labelVariable('service', 'Service', 'label_values(zoco_build_info{namespace="$namespace"}, service)'),
  ],
  sections: [
    {
      title: '$service',
      panels: [
        number({
          title: 'Replicas that answer',
          description: 'Processes that Prometheus reaches.',
          unit: 'short',
          decimals: 0,
          steps: [['red'], ['green', 1]],
          queries: [query(orZero(`sum(up{${OF_SERVICE}, job="zoco"})`))],
        }),
        number({
          title: 'Version',
          description: 'More than one while a rollout is under way.',
          unit: 'short',
          queries: [query(`count by (version) (zoco_build_info{${OF_SERVICE}})`, '{{version}}')],
        }),
        number({
          title: 'Requests per second',
          description: 'Over five minutes.',
          unit: 'reqps',
          sparkline: true,
          queries: [query(`sum(rate(http_server_request_duration_seconds_count{${OF_SERVICE}}[5m]))`)],
          dataLinks: [traces],
        }),
        number({
          title: 'Server errors',
          description: 'Share of 5xx over five minutes.',
          unit: 'percentunit',
          decimals: 2,
          steps: [['green'], ['orange', 0.001], ['red', 0.05]],
          queries: [
            query(
              orZero(`sum(rate(http_server_request_duration_seconds_count{${OF_SERVICE}, status=~"5.."}[5m]))
                / sum(rate(http_server_request_duration_seconds_count{${OF_SERVICE}}[5m]))`),
            ),
          ],
          dataLinks: [failing, logs],
        }),
        number({
          title: 'p99',
          description: 'Time to answer over five minutes.',
          unit: 's',
          steps: [['green'], ['orange', 0.5], ['red', 2]],
          queries: [
            query(
              `histogram_quantile(0.99, sum by (le) (rate(http_server_request_duration_seconds_bucket{${OF_SERVICE}}[5m])))`,
            ),
          ],
        }),
        number({
          title: 'In flight',
          description: 'Requests under way now.',
          unit: 'short',
          decimals: 0,
          queries: [query(`sum(http_server_active_requests{${OF_SERVICE}})`)],
        }),
      ],
    },
    {
      title: 'Requests',
      panels: [
        curves({
          title: 'By status',
          description: 'Requests per second by what was answered.',
          unit: 'reqps',
          stacked: true,
          queries: [
            query(
              `sum by (status) (rate(http_server_request_duration_seconds_count{${OF_SERVICE}}[$__rate_interval]))`,
              '{{status}}',
            ),
          ],
          dataLinks: [failing, logs],
        }),
        curves({
          title: 'Time to answer',
          description: 'Dots are single requests: click them for their trace.',
          unit: 's',
          queries: quantiles('http_server_request_duration_seconds', OF_SERVICE),
          dataLinks: [traces],
        }),
        curves({
          title: 'Slowest routes, p95',
          description: 'The five routes with the longest time to answer.',
          unit: 's',
          queries: [
            query(
              `topk(5, histogram_quantile(0.95, sum by (le, method, route) (rate(http_server_request_duration_seconds_bucket{${OF_SERVICE}}[$__rate_interval]))))`,
              '{{method}} {{route}}',
            ),
          ],
          dataLinks: [
            toTraces(
              'Traces of this route',
              '{resource.service.name="${service}" && span.http.route="${__field.labels.route}"}',
            ),
          ],
        }),
        table({
          title: 'Routes',
          description: 'Over the time range, busiest first.',
          unit: 'short',
          width: 24,
          sortBy: 'Requests',
          columns: [
            { title: 'Requests' },
            { title: 'Server errors' },
            { title: 'Mean', unit: 's' },
            { title: 'p99', unit: 's' },
          ],
          queries: [
            query(
              `sum by (method, route) (increase(http_server_request_duration_seconds_count{${OF_SERVICE}}[$__range])) > 0`,
              '',
              { instant: true },
            ),
            query(
              orZero(
                `sum by (method, route) (increase(http_server_request_duration_seconds_count{${OF_SERVICE}, status=~"5.."}[$__range])) > 0`,
              ),
              '',
              { instant: true },
            ),
            query(
              `sum by (method, route) (increase(http_server_request_duration_seconds_sum{${OF_SERVICE}}[$__range]))
                / (sum by (method, route) (increase(http_server_request_duration_seconds_count{${OF_SERVICE}}[$__range])) > 0)`,
              '',
              { instant: true },
            ),
            query(
              `histogram_quantile(0.99, sum by (le, method, route) (increase(http_server_request_duration_seconds_bucket{${OF_SERVICE}}[$__range]))) >= 0`,
              '',
              { instant: true },
            ),
          ],
        }),
      ],
    },
    {
      title: 'What it asks of others',
      panels: [
        curves({
          title: 'Calls per second',
          description: 'Internal calls of this service by what is asked of whom; 0 for those that make none.',
          unit: 'reqps',
          queries: [
            query(
              orZero(
                `sum by (callee, call) (rate(http_client_request_duration_seconds_count{${OF_SERVICE}}[$__rate_interval]))`,
              ),
              '{{callee}} {{call}}',
            ),
          ],
        }),
        curves({
          title: 'Calls that fail',
          description: 'No answer (status 0) or a server error.',
          unit: 'reqps',
          queries: [
            query(
              orZero(
                `sum by (callee, call, status) (rate(http_client_request_duration_seconds_count{${OF_SERVICE}, status=~"0|5.."}[$__rate_interval])) > 0`,
              ),
              '{{callee}} {{call}} {{status}}',
            ),
          ],
        }),
        curves({
          title: 'Time of a call, p95',
          description: 'One try each.',
          unit: 's',
          queries: [
            query(
              orZero(
                `histogram_quantile(0.95, sum by (le, callee, call) (rate(http_client_request_duration_seconds_bucket{${OF_SERVICE}}[$__rate_interval])))`,
              ),
              '{{callee}} {{call}}',
            ),
          ],
        }),
      ],
    },
    {
      title: 'Its processes',
      panels: [
        curves({
          title: 'CPU',
          description: 'Cores in use by process.',
          unit: 'short',
          queries: [
            query(`rate(process_cpu_seconds_total{${OF_SERVICE}}[$__rate_interval])`, '{{instance}}'),
          ],
        }),
        curves({
          title: 'Memory',
          description: 'What the system counts, and the part that JavaScript holds.',
          unit: 'bytes',
          queries: [
            query(`process_resident_memory_bytes{${OF_SERVICE}}`, '{{instance}} resident'),
            query(`nodejs_heap_size_used_bytes{${OF_SERVICE}}`, '{{instance}} heap'),
          ],
        }),
        curves({
          title: 'Event loop lag, p99',
          description: 'How late timers fire; everything waits as long.',
          unit: 's',
          steps: [['green'], ['red', 0.5]],
          queries: [query(`nodejs_eventloop_lag_p99_seconds{${OF_SERVICE}}`, '{{instance}}')],
        }),
        curves({
          title: 'Garbage collection',
          description: 'Share of the time spent on it.',
          unit: 'percentunit',
          queries: [
            query(
              `sum by (kind) (rate(nodejs_gc_duration_seconds_sum{${OF_SERVICE}}[$__rate_interval]))`,
              '{{kind}}',
            ),
          ],
        }),
        curves({
          title: 'Starts',
          description: 'Processes that were started in the last 15 minutes; three are an alert.',
          unit: 'short',
          steps: [['green'], ['red', 3]],
          queries: [query(`max(changes(process_start_time_seconds{${OF_SERVICE}}[15m]))`, 'starts')],
        }),
        curves({
          title: 'Refused for overload',
          description: 'Answered 503 at once: too many in flight, or an event loop that is late.',
          unit: 'reqps',
          queries: [
            query(
              orZero(`sum by (reason) (rate(zoco_requests_refused_total{${OF_SERVICE}}[$__rate_interval]))`),
              '{{reason}}',
            ),
          ],
          dataLinks: [toDashboard('Overview', 'overview')],
        }),
      ],
    },
  ],
};
