import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { breakingChanges, explain } from './reference/compatibility.ts';
import { CHART_GRAPH_FILE, chartGraph } from './reference/chart-graph.ts';
import { CHART_PERMISSIONS_FILE, chartPermissions } from './reference/chart-permissions.ts';
import { withDiagram } from './reference/diagram.ts';
import {
  ARCHITECTURE_PAGE,
  definedSchemas,
  EVENTS_FOLDER,
  referenceFiles,
  writtenSchemas,
} from './reference/files.ts';

// Writes docs/events, the picture in docs/architecture.md and what the chart knows of the graph. What lies there is the promise to the readers of events, so it is never overwritten by a change
// that breaks it; `--accept-breaking` is for the time before anything was released.

mkdirSync(EVENTS_FOLDER, { recursive: true });
const changes = breakingChanges(writtenSchemas(EVENTS_FOLDER), definedSchemas());
if (changes.length > 0 && !process.argv.includes('--accept-breaking')) {
  process.stderr.write(`${explain(changes)}\n`);
  process.exitCode = 1;
} else {
  const files = referenceFiles();
  for (const name of readdirSync(EVENTS_FOLDER)) {
    if (!files.has(name)) rmSync(new URL(name, EVENTS_FOLDER));
  }
  for (const [name, text] of files) writeFileSync(new URL(name, EVENTS_FOLDER), text);
  writeFileSync(ARCHITECTURE_PAGE, withDiagram(readFileSync(ARCHITECTURE_PAGE, 'utf8')));
  mkdirSync(new URL('.', CHART_GRAPH_FILE), { recursive: true });
  writeFileSync(CHART_GRAPH_FILE, chartGraph());
  mkdirSync(new URL('.', CHART_PERMISSIONS_FILE), { recursive: true });
  writeFileSync(CHART_PERMISSIONS_FILE, chartPermissions());
}
