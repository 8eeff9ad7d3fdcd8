import { Html, html } from '../html.ts';

const PAGES = [
  ['/', 'Traces'],
  ['/slow', 'Slow requests'],
  ['/alerts', 'Alerts'],
] as const;

/** A whole page. No script, no asset from elsewhere: it works without a network and runs nothing of what it shows. */
export function page(title: string, path: string, content: Html): string {
  const { text } = html`<html lang="en">
    <head>
      <meta charset="utf-8" />
      <meta name="viewport" content="width=device-width" />
      <title>${title} · Zoco</title>
      <link rel="stylesheet" href="/style.css" />
    </head>
    <body>
      <header>
        <strong>Zoco</strong>
        <nav>
          ${PAGES.map(
            ([href, name]) =>
              html`<a href="${href}" ${href === path && new Html('aria-current="page"')}>${name}</a>`,
          )}
        </nav>
        <form action="/trace">
          <input name="id" size="36" placeholder="trace_id of an answer or a log line" required />
          <button>Show</button>
        </form>
      </header>
      <main>
        <h1>${title}</h1>
        ${content}
      </main>
    </body>
  </html>`;
  return `<!doctype html>\n${text}`;
}

/** `1.24 s`, `17 ms`, `0.31 ms`. */
export function duration(milliseconds: number): string {
  if (milliseconds >= 1000) return `${(milliseconds / 1000).toFixed(2)} s`;
  return milliseconds >= 10 ? `${Math.round(milliseconds)} ms` : `${milliseconds.toFixed(2)} ms`;
}

/** Time of day, in the zone of this machine. */
export function timeOfDay(timeMs: number): string {
  return new Date(timeMs).toLocaleTimeString('en-GB');
}

const SERVICES = ['gateway', 'users', 'catalog', 'cart', 'orders', 'payments', 'invoicing'];

/** The class that gives a service its colour. */
export function colourOf(service: string): string {
  const index = SERVICES.indexOf(service);
  return index === -1 ? 'other' : `s${index}`;
}

export const STYLE = `
:root { color-scheme: light dark; --line: #8883; --dim: #777; --bad: #d33; --accent: #2a6fdb;
  --c0: #5b8def; --c1: #b36ae2; --c2: #2fa866; --c3: #e0a11b; --c4: #e2663b; --c5: #d24b8f; --c6: #2aa5b8; }
* { box-sizing: border-box; }
body { margin: 0; font: 14px/1.45 system-ui, sans-serif; }
header { display: flex; gap: 1.5rem; align-items: center; padding: .6rem 1.2rem; border-bottom: 1px solid var(--line); }
header form { margin-left: auto; }
nav { display: flex; gap: 1rem; }
a { color: var(--accent); text-decoration: none; } a:hover { text-decoration: underline; }
nav a[aria-current] { color: inherit; font-weight: 600; }
main { padding: .6rem 1.2rem 3rem; max-width: 1500px; }
h1 { font-size: 1.25rem; margin: .4rem 0 .8rem; } h2 { font-size: 1rem; margin: 1.4rem 0 .4rem; }
table { border-collapse: collapse; width: 100%; } th, td { text-align: left; padding: .25rem .6rem; border-bottom: 1px solid var(--line); vertical-align: top; }
th { font-weight: 500; color: var(--dim); } td.n, th.n { width: 1%; text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
form.filter { display: flex; gap: .6rem; align-items: center; margin-bottom: .8rem; flex-wrap: wrap; }
input, select, button { font: inherit; padding: .15rem .4rem; }
.tag { display: inline-block; padding: 0 .4rem; border-radius: 3px; color: #fff; font-size: 12px; margin-right: .2rem; background: #888; }
.s0 { background: var(--c0); } .s1 { background: var(--c1); } .s2 { background: var(--c2); } .s3 { background: var(--c3); }
.s4 { background: var(--c4); } .s5 { background: var(--c5); } .s6 { background: var(--c6); } .other { background: #888; }
rect.s0 { fill: var(--c0); } rect.s1 { fill: var(--c1); } rect.s2 { fill: var(--c2); } rect.s3 { fill: var(--c3); }
rect.s4 { fill: var(--c4); } rect.s5 { fill: var(--c5); } rect.s6 { fill: var(--c6); } rect.other { fill: #888; }
.bad { color: var(--bad); font-weight: 600; } .dim { color: var(--dim); }
code, pre { font: 12px ui-monospace, monospace; }
.scale, summary { display: grid; grid-template-columns: minmax(320px, 42%) 1fr 80px; gap: .8rem; align-items: center; }
.scale { color: var(--dim); font-size: 12px; } .scale div { display: flex; justify-content: space-between; }
summary { cursor: pointer; border-bottom: 1px solid var(--line); padding: .1rem 0; list-style: none; }
summary:hover { background: #8881; } summary svg { width: 100%; height: 14px; display: block; }
summary .name { overflow: hidden; text-overflow: ellipsis; white-space: nowrap; } summary .n { text-align: right; font-variant-numeric: tabular-nums; }
details > div { padding: .4rem 0 .8rem 2rem; } details table { width: auto; } details td { padding: 0 .8rem 0 0; border: 0; word-break: break-word; }
${Array.from({ length: 16 }, (_, depth) => `.d${depth} { padding-left: ${depth * 14}px; }`).join('\n')}
`;
