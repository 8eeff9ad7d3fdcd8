import { posix } from 'node:path';
import {
  type Finding,
  isTest,
  lineAt,
  matchesIn,
  packageOf,
  type SourceFile,
  stringAt,
} from './source-file.ts';

/** Where a transaction that may write is opened. Everything else calls an action. */
const WRITERS = /^services\/[^/]+\/src\/(actions|consumers)\//;

/** `.transact(`, with type arguments or unwrapped from its object, and the cross-tenant `.work(` beside it. */
const OPENS_TRANSACTION = /(?:\btransact(?:Together)?|\.\s*work)\s*[<(]/g;

const RAW_SQL = /\bsql\s*(?:\?\.|\.)\s*(?:raw|identifier)\b|\bsql\s*(?:\?\.)?\[|\.\s*unsafe\s*[<(]/g;

const IMPORT = /\b(?:from\s*|import\s*\(?\s*|require\s*\(\s*)(?=['"`])/g;

const PROBLEM_CALL = /\b[Pp]roblem\s*\(/g;
const PROBLEM_CODE = /^[a-z]+(_[a-z0-9]+)+$/;

/** A code begins with what it is about: `order_missing`, never `missing_order`. */
const REASONS = new Set(
  'already bad cannot duplicate expired failed forbidden invalid malformed missing no not too unauthorized unknown unsupported wrong'.split(
    ' ',
  ),
);

export function transactionFindings(source: SourceFile): Finding[] {
  if (!source.path.startsWith('services/') || WRITERS.test(source.path) || isTest(source.path)) return [];
  return matchesIn(source, OPENS_TRANSACTION).map(({ offset }) => ({
    file: source.path,
    line: lineAt(source.text, offset),
    rule: 'write-in-actions',
    message:
      'A transaction that writes is opened in actions/ or consumers/ only: move it to a verb and call that.',
  }));
}

export function rawSqlFindings(source: SourceFile): Finding[] {
  if (!source.path.startsWith('services/')) return [];
  return matchesIn(source, RAW_SQL).map(({ offset }) => ({
    file: source.path,
    line: lineAt(source.text, offset),
    rule: 'no-raw-sql',
    message:
      'Text in SQL is an injection in waiting: use placeholders, columns of the schema or a literal map.',
  }));
}

/**
 * A package is entered by its name, a service never.
 * @param services names of all services
 */
export function importFindings(source: SourceFile, services: ReadonlySet<string>): Finding[] {
  const own = packageOf(source.path);
  if (own === undefined) return [];
  return matchesIn(source, IMPORT).flatMap(({ end }) => {
    const specifier = stringAt(source, end);
    const message = specifier === undefined ? undefined : importFault(source.path, own, specifier, services);
    if (message === undefined) return [];
    return [{ file: source.path, line: lineAt(source.text, end), rule: 'package-door', message }];
  });
}

function importFault(
  path: string,
  own: { readonly name: string; readonly dir: string },
  specifier: string,
  services: ReadonlySet<string>,
): string | undefined {
  const [, ours] = /^@zoco\/([^/]+)/.exec(specifier) ?? [];
  if (ours !== undefined && services.has(ours) && ours !== own.name) {
    return `\`${specifier}\` is another service: ask it over HTTP or consume its event (libs/contracts).`;
  }
  if (!specifier.startsWith('.')) return undefined;
  const target = posix.join(posix.dirname(path), specifier);
  if (target.startsWith(`${own.dir}/`)) return undefined;
  return target.startsWith('services/')
    ? `\`${specifier}\` reaches into a service: ask it over HTTP or consume its event (libs/contracts).`
    : `\`${specifier}\` leaves ${own.dir}: import a library as \`@zoco/<lib>\`.`;
}

/** The second argument of every `Problem(kind, code, …)`, where it is written out. */
export function problemCodeFindings(source: SourceFile): Finding[] {
  if (packageOf(source.path) === undefined || isTest(source.path)) return [];
  return matchesIn(source, PROBLEM_CALL).flatMap(({ end }) =>
    literalsOfSecondArgument(source, end).flatMap(({ offset, value }) => {
      const fault = problemCodeFault(value);
      if (fault === undefined) return [];
      return [{ file: source.path, line: lineAt(source.text, offset), rule: 'problem-code', message: fault }];
    }),
  );
}

function problemCodeFault(code: string): string | undefined {
  if (!PROBLEM_CODE.test(code)) {
    return `Error code \`${code}\` is not \`<noun>_<reason>\` in snake_case, such as \`order_not_found\`.`;
  }
  const [first = '', ...rest] = code.split('_');
  if (!REASONS.has(first)) return undefined;
  return `Error code \`${code}\` begins with its reason: name the thing first, such as \`${rest.join('_')}_${first}\`.`;
}

/** Literals between the first and the second comma of a call; a call inside makes the code computed, not written. */
function literalsOfSecondArgument(source: SourceFile, start: number): { offset: number; value: string }[] {
  const found: { offset: number; value: string }[] = [];
  let commas = 0;
  for (let at = start; at < source.code.length && commas < 2; at += 1) {
    const char = source.code.charAt(at);
    if (char === ',') commas += 1;
    if (char === ')') break;
    if ('([{'.includes(char)) return commas === 0 ? [] : found;
    const value = '\'"`'.includes(char) ? stringAt(source, at) : undefined;
    if (value === undefined) continue;
    if (commas === 1) found.push({ offset: at, value });
    at += value.length + 1;
  }
  return found;
}
