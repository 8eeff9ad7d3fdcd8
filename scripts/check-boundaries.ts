import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import {
  importFindings,
  problemCodeFindings,
  rawSqlFindings,
  transactionFindings,
} from './boundaries/code-rules.ts';
import { docFindings } from './boundaries/doc-rules.ts';
import { folderFindings, lengthFindings, nameFindings } from './boundaries/layout-rules.ts';
import { type Finding, isCode, listFiles, packageOf, readSource } from './boundaries/source-file.ts';

/**
 * What the layout forbids and the linter cannot say: where transactions are opened, how error codes and files are
 * named, which folders a service has, and that the documentation names only what exists.
 * @param root the folder that holds services/, libs/ and the README
 */
export function checkBoundaries(root: string): Finding[] {
  const files = listFiles(root);
  const services = new Set(
    files.flatMap((path) => {
      const own = packageOf(path);
      return own?.kind === 'services' ? [own.name] : [];
    }),
  );
  return files.flatMap((path) => [
    ...nameFindings(path),
    ...folderFindings(path),
    ...(isCode(path) ? codeFindings(root, path, services) : []),
    ...(path.endsWith('.md') ? docFindings(root, path, readFileSync(join(root, path), 'utf8')) : []),
  ]);
}

function codeFindings(root: string, path: string, services: ReadonlySet<string>): Finding[] {
  const source = readSource(root, path);
  return [
    ...lengthFindings(source),
    ...transactionFindings(source),
    ...rawSqlFindings(source),
    ...importFindings(source, services),
    ...problemCodeFindings(source),
  ];
}

if (import.meta.main) {
  const root = resolve(process.argv[2] ?? join(import.meta.dirname, '..'));
  const findings = checkBoundaries(root);
  for (const { file, line, rule, message } of findings) console.log(`${file}:${line} ${rule}: ${message}`);
  if (findings.length > 0) process.exitCode = 1;
}
