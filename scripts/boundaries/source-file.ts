import { readdirSync, readFileSync } from 'node:fs';
import { join, posix } from 'node:path';
import { maskSource } from './mask-source.ts';

/** Something a rule refuses. Printed as `file:line rule: message`; the message says the way out. */
export interface Finding {
  readonly file: string;
  readonly line: number;
  readonly rule: string;
  readonly message: string;
}

export interface SourceFile {
  /** Relative to the root of the repository, with slashes. */
  readonly path: string;
  readonly text: string;
  /** `text` with the insides of comments, strings and regular expressions blanked; offsets are the same. */
  readonly code: string;
}

const CODE = /\.(ts|mts|mjs|js|cjs)$/;
// What lies in fixtures serves tests alone.
const TEST = /(\.test|\.e2e)\.ts$|^e2e\/|\/fixtures\//;
const NOT_OURS = new Set(['node_modules', 'dist', 'coverage', '.git', '.turbo', '.zoco']);

export const isTest = (path: string): boolean => TEST.test(path);
export const isCode = (path: string): boolean => CODE.test(path);

/** `services/orders` or `libs/kernel` for a file of that package. */
export function packageOf(
  path: string,
): { kind: 'services' | 'libs'; name: string; dir: string } | undefined {
  const [kind, name] = path.split('/');
  if ((kind !== 'services' && kind !== 'libs') || name === undefined) return undefined;
  return { kind, name, dir: `${kind}/${name}` };
}

/** Paths of all files of the work tree, but for what tools produce; sorted, so that findings are stable. */
export function listFiles(root: string): string[] {
  const walk = (dir: string): string[] =>
    readdirSync(join(root, dir), { withFileTypes: true }).flatMap((entry) => {
      const path = posix.join(dir, entry.name);
      if (NOT_OURS.has(entry.name) || entry.isSymbolicLink()) return [];
      if (entry.isDirectory()) return walk(path);
      return entry.isFile() ? [path] : [];
    });
  return walk('').toSorted();
}

export function readSource(root: string, path: string): SourceFile {
  const text = readFileSync(join(root, path), 'utf8');
  return { path, text, code: maskSource(text) };
}

export function lineAt(text: string, offset: number): number {
  let line = 1;
  for (let at = text.indexOf('\n'); at !== -1 && at < offset; at = text.indexOf('\n', at + 1)) line += 1;
  return line;
}

/** Offsets of every match of `pattern` (which must be global) in the code proper. */
export function matchesIn(source: SourceFile, pattern: RegExp): { offset: number; end: number }[] {
  return [...source.code.matchAll(pattern)].map((match) => ({
    offset: match.index,
    end: match.index + match[0].length,
  }));
}

/** The string literal whose opening quote stands at `offset`; undefined where there is none, or one with `${}`. */
export function stringAt(source: SourceFile, offset: number): string | undefined {
  const quote = source.code[offset];
  if (quote !== "'" && quote !== '"' && quote !== '`') return undefined;
  const end = source.code.indexOf(quote, offset + 1);
  if (end === -1 || source.code.slice(offset + 1, end).trim() !== '') return undefined;
  return source.text.slice(offset + 1, end);
}
