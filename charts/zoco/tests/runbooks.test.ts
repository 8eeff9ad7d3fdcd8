import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseCommand } from '@zoco/cli';
import { isServiceName } from '@zoco/contracts';
import { ROOT } from '@zoco/local';
import { describe, expect, test } from 'vitest';
import { CHART, render } from './render.ts';

const FOLDER = join(ROOT, 'docs/runbooks');
const names = readdirSync(FOLDER);
const pages = new Map(names.map((name) => [name, readFileSync(join(FOLDER, name), 'utf8')]));
const causes = [...pages].filter(([name]) => name !== 'README.md');

/** Commands in fenced blocks and in code within sentences, without comments. */
function commandsIn(page: string): string[] {
  const blocks = [...page.matchAll(/^ *```sh\n([\s\S]*?)^ *```/gm)].flatMap(([, block = '']) =>
    block.split('\n'),
  );
  const spans = [...page.replaceAll(/```[\s\S]*?```/g, '').matchAll(/`([^`\n]+)`/g)].map(
    ([, span = '']) => span,
  );
  return [...blocks, ...spans].map((command) => command.replace(/\s+#\s.*$/, '').trim());
}

function zocoCommands(page: string): string[] {
  return commandsIn(page).filter((command) => /^zoco [a-z]/.test(command));
}

test('alerts link to pages that exist', () => {
  const alerts = readdirSync(join(CHART, 'alerts')).filter((name) => name.endsWith('.yaml'));
  const links = alerts.flatMap((name) => {
    const text = readFileSync(join(CHART, 'alerts', name), 'utf8');
    return [...text.matchAll(/runbook_url: docs\/runbooks\/(\S+)/g)].map(([, page = '']) => page);
  });
  expect(links.length).toBeGreaterThan(20);
  expect(links.filter((page) => !pages.has(page))).toEqual([]);
});

test('the overview leads to every page', () => {
  const overview = pages.get('README.md') ?? '';
  expect(causes.map(([name]) => name).filter((name) => !overview.includes(`](${name})`))).toEqual([]);
});

test('the pages use the command line enough for a test of it to mean something', () => {
  expect(causes.flatMap(([, page]) => zocoCommands(page)).length).toBeGreaterThan(30);
});

describe.each(causes)('%s', (_name, page) => {
  test('is short enough for somebody in a hurry, and ends with what to do afterwards', () => {
    expect(page.split('\n').length).toBeLessThanOrEqual(60);
    expect(page).toMatch(/^## (Afterwards|Passwords)$/m);
  });

  test('says only commands that zoco has', () => {
    for (const command of zocoCommands(page)) {
      const args = command.split(/\s+/).slice(1);
      expect(() => parseCommand(args), command).not.toThrow();
    }
  });

  test('asks databases and services that exist', () => {
    for (const [, service = ''] of page.matchAll(/(?:^|[\s`])(?:sql|metrics) ([a-z]+)/g)) {
      expect(isServiceName(service), service).toBe(true);
    }
  });

  test('names workloads that the chart makes', async () => {
    const made = new Set((await render()).map(({ kind, metadata }) => `${kind} ${metadata.name}`));
    for (const [, kind, name] of page.matchAll(/\b(deploy|statefulset)\/(zoco-[a-z-]*[a-z])/g)) {
      expect(made, `${kind}/${name}`).toContain(
        `${kind === 'deploy' ? 'Deployment' : 'StatefulSet'} ${name}`,
      );
    }
    for (const [, name] of page.matchAll(/\bexec (?:-i )?(zoco-postgres|zoco-nats)-0\b/g)) {
      expect(made, name).toContain(`StatefulSet ${name}`);
    }
  });

  test('sets values that the chart has', async () => {
    const upgrades = commandsIn(page).filter((command) => /^helm (install|upgrade)/.test(command));
    for (const command of upgrades) {
      const sets = [...command.matchAll(/--set (\S+)/g)].map(([, set = '']) => set);
      await expect(render([], sets), command).resolves.toBeDefined();
    }
  });
});
