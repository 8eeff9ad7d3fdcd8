import { type Finding, isCode, isTest, packageOf, type SourceFile } from './source-file.ts';

const FOLDERS_OF_A_SERVICE = new Set(['rules', 'actions', 'db', 'routes', 'consumers']);

/** Drawing a page is neither a rule (it reads fonts) nor an action (it writes nothing). */
const FOLDERS_OF_ONE_SERVICE = new Set(['invoicing/pdf']);

const CATCH_ALL = /^(?:(?:.+-)?(?:utils?|helpers?|common|misc)|libs?|types|interfaces|shared)$/;

const LINES_MAX = 300;
const TEST_LINES_MAX = 500;

/** Files and folders named for what they are not: everything ends up in them. */
export function nameFindings(path: string): Finding[] {
  if (!isCode(path)) return [];
  const [top = '', ...below] = path.split('/');
  const names = (below.length === 0 ? [top] : below).map((name) => name.replace(/\..*$/, ''));
  const bad = names.find((name) => CATCH_ALL.test(name));
  if (bad === undefined) return [];
  const message = `\`${bad}\` says nothing: name it for the one thing it holds, and split it when it holds more.`;
  return [{ file: path, line: 1, rule: 'catch-all-name', message }];
}

/** Each service has the same folders, so that one look at any of them is a map of all. */
export function folderFindings(path: string): Finding[] {
  const [kind, service, src, folder, ...rest] = path.split('/');
  if (kind !== 'services' || src !== 'src' || folder === undefined || rest.length === 0) return [];
  if (FOLDERS_OF_A_SERVICE.has(folder) || FOLDERS_OF_ONE_SERVICE.has(`${service}/${folder}`)) return [];
  const message = `A service has no \`src/${folder}/\`: it knows rules, actions, db, routes and consumers.`;
  return [{ file: path, line: 1, rule: 'service-folder', message }];
}

export function lengthFindings(source: SourceFile): Finding[] {
  if (packageOf(source.path) === undefined && !/^(scripts|e2e|bench)\//.test(source.path)) return [];
  const linesMax = isTest(source.path) ? TEST_LINES_MAX : LINES_MAX;
  const lineCount = source.text.replace(/\n$/, '').split('\n').length;
  if (lineCount <= linesMax) return [];
  const message = `${lineCount} lines, ${linesMax} are allowed: split it where it does a second thing.`;
  return [{ file: source.path, line: linesMax + 1, rule: 'file-length', message }];
}
