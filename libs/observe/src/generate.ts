import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { BOARDS } from './dashboards/boards.ts';
import { buildDashboard } from './dashboards/dashboard.ts';

// Writes charts/zoco/dashboards: the chart ships these files, and anybody may import them into a Grafana by hand.

const FOLDER = new URL('../../../charts/zoco/dashboards/', import.meta.url);

mkdirSync(FOLDER, { recursive: true });
const files = new Map(BOARDS.map((draft) => [`${draft.name}.json`, buildDashboard(draft)]));
for (const name of readdirSync(FOLDER)) {
  if (!files.has(name)) rmSync(new URL(name, FOLDER));
}
for (const [name, dashboard] of files) {
  writeFileSync(new URL(name, FOLDER), `${JSON.stringify(dashboard, null, 2)}\n`);
}
