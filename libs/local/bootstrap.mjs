// The first file that runs on a machine that has nothing but Node 20 and npm: no dependencies, no TypeScript.
// It installs when needed and hands over to the pinned Node in node_modules.
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { constants } from 'node:os';
import { join, resolve } from 'node:path';

const ROOT = resolve(import.meta.dirname ?? new URL('.', import.meta.url).pathname, '../..');
const NODE = join(ROOT, 'node_modules/.bin/node');
const STAMP = join(ROOT, 'node_modules/.zoco-installed');
const PROGRAMS = {
  start: 'libs/local/src/start.ts',
  test: 'libs/local/src/test.ts',
  zoco: 'libs/cli/src/main.ts',
  bench: 'bench/src/main.ts',
};

const [command = '', ...args] = process.argv.slice(2);
const program = PROGRAMS[command];
if (program === undefined) {
  fail(`Unknown command '${command}': use npm start, npm test, npm run zoco or npm run bench.`);
}
if (!isInstalled()) install();
run(join(ROOT, program), args);

/**
 * True when node_modules holds what package-lock.json asks for: either `npm ci` ran here for exactly this file (the
 * stamp), or somebody ran `npm install` by hand and every package has the wanted version. File times say nothing
 * after a git checkout. npm writes node_modules/.package-lock.json last, so a broken-off install is seen too.
 */
function isInstalled() {
  try {
    const installed = JSON.parse(
      readFileSync(join(ROOT, 'node_modules/.package-lock.json'), 'utf8'),
    ).packages;
    if (!existsSync(NODE)) return false;
    if (existsSync(STAMP) && readFileSync(STAMP, 'utf8') === lockDigest()) return true;
    return Object.entries(wantedPackages()).every(
      ([path, entry]) =>
        !path.includes('node_modules/') ||
        entry.optional === true ||
        installed[path]?.version === entry.version,
    );
  } catch {
    return false;
  }
}

function wantedPackages() {
  return JSON.parse(readFileSync(join(ROOT, 'package-lock.json'), 'utf8')).packages;
}

function lockDigest() {
  return createHash('sha256')
    .update(readFileSync(join(ROOT, 'package-lock.json')))
    .digest('hex');
}

function install() {
  console.log('installing… (npm ci, about a minute the first time)');
  const npm = process.env.npm_execpath;
  const [file, npmArgs] = npm?.endsWith('.js') ? [process.execPath, [npm]] : ['npm', []];
  const result = spawnSync(file, [...npmArgs, 'ci', '--no-audit', '--no-fund', '--loglevel=error'], {
    cwd: ROOT,
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  if (result.error !== undefined)
    fail(`npm could not be started (${result.error.message}): install npm 10 or newer.`);
  if (result.status !== 0) {
    fail('npm ci failed: the lines above say why; once that is mended, the same command goes on from here.');
  }
  const version = spawnSync(NODE, ['--version'], { encoding: 'utf8' }).stdout ?? '';
  const wanted = wantedPackages()['node_modules/node'].version;
  if (version.trim() !== `v${wanted}`) {
    fail(
      `npm ci left no Node ${wanted} at node_modules/.bin/node, most likely because install scripts are switched off: ` +
        'run `npm rebuild node --ignore-scripts=false` and start again.',
    );
  }
  writeFileSync(STAMP, lockDigest());
}

function run(file, programArgs) {
  const child = spawn(NODE, [file, ...programArgs], { cwd: ROOT, stdio: 'inherit' });
  // A terminal sends Ctrl-C to this process and to the child at once, and npm forwards it once more; the programs take
  // signals that come close together as one, so forwarding every one of them is safe, and `kill` on this process works.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
  child.on('error', (error) => fail(`${NODE} could not be started: ${error.message}.`));
  child.on('exit', (code, signal) => process.exit(code ?? 128 + (constants.signals[signal] ?? 1)));
}

function fail(sentence) {
  console.error(sentence);
  process.exit(1);
}
