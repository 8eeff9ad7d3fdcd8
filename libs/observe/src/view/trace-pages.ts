import { type Html, html } from '../html.ts';
import type { AttributeValue, Span } from '../traces/span.ts';
import { summarize, type TraceFilter, type TraceStore } from '../traces/trace-store.ts';
import { type Bar, waterfall } from '../traces/waterfall.ts';
import { colourOf, duration, page, timeOfDay } from './layout.ts';

const LISTED_MAX = 200;
const DEPTH_MAX = 15;
// A span too short to be seen still gets a line.
const LENGTH_MIN = 0.003;

/** The latest traces. */
export function tracesPage(store: TraceStore, filter: TraceFilter): string {
  const traces = store.list(filter, LISTED_MAX);
  const rows = traces.map(
    (trace) =>
      html`<tr>
        <td class="n">${timeOfDay(trace.startMs)}</td>
        <td>
          <a href="/trace/${trace.traceId}">${trace.name}</a>
          ${trace.failed && html`<span class="bad">failed</span>`}
        </td>
        <td>${trace.services.map(tag)}</td>
        <td class="n">${trace.spanCount}</td>
        <td class="n">${duration(trace.durationMs)}</td>
      </tr>`,
  );
  const list =
    traces.length === 0
      ? html`<p class="dim">
          ${store.spanCount === 0 ? 'No trace has arrived yet: make a request.' : 'No trace fits.'}
        </p>`
      : html`<table>
          <tr>
            <th class="n">Start</th>
            <th>Name</th>
            <th>Services</th>
            <th class="n">Spans</th>
            <th class="n">Length</th>
          </tr>
          ${rows}
        </table>`;
  return page('Traces', '/', html`${filterForm(store.services(), filter)}${list}`);
}

function filterForm(services: readonly string[], filter: TraceFilter): Html {
  const options = services.map(
    (service) => html`<option ${service === filter.service && 'selected'}>${service}</option>`,
  );
  return html`<form class="filter">
    <select name="service">
      <option value="">every service</option>
      ${options}
    </select>
    <input name="name" placeholder="part of the name" value="${filter.name}" />
    <label
      >at least <input name="ms" size="5" inputmode="numeric" value="${filter.durationMinMs}" /> ms</label
    >
    <label
      ><input type="checkbox" name="failed" ${filter.failedOnly === true && 'checked'} /> failed only</label
    >
    <button>Filter</button>
  </form>`;
}

/** One trace as a waterfall; undefined when its spans are not here. */
export function tracePage(traceId: string, spans: readonly Span[]): string | undefined {
  if (spans.length === 0) return undefined;
  const trace = summarize(spans);
  const ticks = [0, 0.25, 0.5, 0.75, 1].map(
    (share) => html`<span>${duration(trace.durationMs * share)}</span>`,
  );
  return page(
    trace.name,
    '/trace',
    html`<p>
        <code>${traceId}</code> · ${timeOfDay(trace.startMs)} · ${duration(trace.durationMs)} ·
        ${trace.spanCount} spans · ${trace.services.map(tag)}
        ${trace.failed && html`<span class="bad">failed</span>`}
      </p>
      <div class="scale">
        <span></span>
        <div>${ticks}</div>
        <span></span>
      </div>
      ${waterfall(spans).map((bar) => row(bar, trace.startMs))}`,
  );
}

function row({ span, depth, offset, length }: Bar, traceStartMs: number): Html {
  const percent = (share: number) => `${(share * 100).toFixed(3)}%`;
  const width = Math.max(LENGTH_MIN, length);
  return html`<details>
    <summary>
      <span class="name d${Math.min(depth, DEPTH_MAX)}">
        ${tag(span.service)} <span class="${span.failed ? 'bad' : ''}">${span.name}</span>
        ${span.kind !== 'internal' && html`<span class="dim">${span.kind}</span>`}
      </span>
      <svg aria-hidden="true">
        <rect
          class="${colourOf(span.service)}"
          x="${percent(Math.min(offset, 1 - LENGTH_MIN))}"
          width="${percent(width)}"
          height="14"
          rx="2"
        />
      </svg>
      <span class="n">${duration(span.endMs - span.startMs)}</span>
    </summary>
    <div>${spanDetails(span, traceStartMs)}</div>
  </details>`;
}

function spanDetails(span: Span, traceStartMs: number): Html {
  return html`<table>
    <tr>
      <td class="dim">starts after</td>
      <td>${duration(span.startMs - traceStartMs)}</td>
    </tr>
    <tr>
      <td class="dim">span</td>
      <td><code>${span.spanId}</code></td>
    </tr>
    ${
      span.statusMessage !== undefined &&
      html`<tr>
        <td class="dim">status</td>
        <td class="bad">${span.statusMessage}</td>
      </tr>`
    }
    ${attributeRows(span.attributes)}
    ${span.links.map(
      ({ traceId }) =>
        html`<tr>
          <td class="dim">caused by</td>
          <td>
            <a href="/trace/${traceId}"><code>${traceId}</code></a>
          </td>
        </tr>`,
    )}
    ${span.events.map(
      (event) =>
        html`<tr>
            <td class="bad">${event.name}</td>
            <td>after ${duration(event.timeMs - traceStartMs)}</td>
          </tr>
          ${attributeRows(event.attributes)}`,
    )}
  </table>`;
}

function attributeRows(attributes: Readonly<Record<string, AttributeValue>>): Html[] {
  return Object.entries(attributes).map(
    ([key, value]) =>
      html`<tr>
        <td class="dim">${key}</td>
        <td><code>${typeof value === 'object' ? JSON.stringify(value) : String(value)}</code></td>
      </tr>`,
  );
}

function tag(service: string): Html {
  return html`<span class="tag ${colourOf(service)}">${service}</span>`;
}
