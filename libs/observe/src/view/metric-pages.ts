import { html } from '../html.ts';
import type { Alert, Exemplar, PrometheusClient } from '../prometheus-client.ts';
import { duration, page, timeOfDay } from './layout.ts';

const RANGE_SECONDS = 1800;
const LISTED_MAX = 100;
const DURATIONS = 'http_server_request_duration_seconds_bucket';

/** What Prometheus says of the alert rules now. */
export async function alertsPage(prometheus: PrometheusClient): Promise<string> {
  const alerts = (await prometheus.alerts()).toSorted(byState);
  const rows = alerts.map(
    ({ labels, annotations, state }) =>
      html`<tr>
        <td class="${state === 'firing' ? 'bad' : 'dim'}">${state}</td>
        <td>${labels['severity']}</td>
        <td><strong>${labels['alertname']}</strong><br />${annotations['summary']}</td>
        <td>${annotations['description']}</td>
        <td><code>${annotations['runbook_url']}</code></td>
      </tr>`,
  );
  const list = html`<table>
    <tr>
      <th>State</th>
      <th>Severity</th>
      <th>Alert</th>
      <th>What</th>
      <th>Runbook</th>
    </tr>
    ${rows}
  </table>`;
  const note = html`<p class="dim">
    Rules of charts/zoco/alerts, evaluated by <a href="${prometheus.url}/alerts">Prometheus</a>.
  </p>`;
  const content = alerts.length === 0 ? html`<p>No alert is pending or firing.</p>` : list;
  return page('Alerts', '/alerts', html`${content}${note}`);
}

function byState(a: Alert, b: Alert): number {
  return a.state === b.state ? 0 : a.state === 'firing' ? -1 : 1;
}

/** The slowest requests that histograms have kept as exemplars, each with its trace. */
export async function slowPage(prometheus: PrometheusClient, nowSeconds: number): Promise<string> {
  const range = { startSeconds: nowSeconds - RANGE_SECONDS, endSeconds: nowSeconds };
  const exemplars = slowest(await prometheus.exemplars(DURATIONS, range));
  const rows = exemplars.map(
    ({ labels, traceId, value, timeSeconds }) =>
      html`<tr>
        <td class="n">${timeOfDay(timeSeconds * 1000)}</td>
        <td>${labels['service']}</td>
        <td><a href="/trace/${traceId}">${labels['method']} ${labels['route']}</a></td>
        <td>${labels['status']}</td>
        <td class="n">${duration(value * 1000)}</td>
      </tr>`,
  );
  const list = html`<table>
    <tr>
      <th class="n">End</th>
      <th>Service</th>
      <th>Request</th>
      <th>Status</th>
      <th class="n">Time</th>
    </tr>
    ${rows}
  </table>`;
  const none = html`<p class="dim">Prometheus has no exemplar of the last half hour.</p>`;
  return page('Slow requests', '/slow', exemplars.length === 0 ? none : list);
}

function slowest(exemplars: readonly Exemplar[]): Exemplar[] {
  // One request is the exemplar of a bucket for many scrapes.
  const known = new Map(
    exemplars.map((exemplar) => [`${exemplar.labels['service']} ${exemplar.traceId}`, exemplar]),
  );
  return [...known.values()].toSorted((a, b) => b.value - a.value).slice(0, LISTED_MAX);
}
