import { existsSync } from 'node:fs';
import { join, posix } from 'node:path';
import { type Finding, packageOf } from './source-file.ts';

const FENCE = /^\s*(```|~~~)/;
const CODE_SPAN = /`([^`\n]+)`/g;
const LINK = /\]\(\s*<?([^)\s>]+)>?(?:\s+"[^"]*")?\s*\)|^\s*\[[^\]]+\]:\s+<?([^\s>]+)/g;

const TOP_FOLDERS = /^(services|libs|scripts|docs|e2e|bench|charts|k8s)\//;
const FILE = /\.(ts|mts|mjs|js|jsonc?|md|sql|ya?ml|sh|toml|html|css|tpl|csv)$/;
const PATH = /^(?:\.{1,2}\/)*[\w@.-]+(?:\/[\w@.-]+)+\/?$/;
const PRODUCED = /(^|\/)(node_modules|dist|coverage|\.turbo|\.zoco)(\/|$)/;
const HOST = /^[\w-]+(\.[\w-]+)*\.(com|org|net|io|dev|example)\//;

/**
 * Links and paths of a Markdown file that lead nowhere. A page that names what is gone is believed less everywhere else.
 * Fenced blocks are left alone: there stand commands with files of the reader.
 */
export function docFindings(root: string, path: string, text: string): Finding[] {
  let fenced = false;
  return text.split('\n').flatMap((line, index) => {
    if (FENCE.test(line)) fenced = !fenced;
    if (fenced || FENCE.test(line)) return [];
    return [...deadLinks(root, path, line), ...deadPaths(root, path, line)].map((message) => ({
      file: path,
      line: index + 1,
      rule: 'dead-reference',
      message,
    }));
  });
}

function deadLinks(root: string, path: string, line: string): string[] {
  const prose = line.replaceAll(CODE_SPAN, (span) => ' '.repeat(span.length));
  return [...prose.matchAll(LINK)].flatMap((match) => {
    const target = decodeURI(match[1] ?? match[2] ?? '').replace(/[?#].*$/, '');
    if (target === '' || /^([a-z][a-z0-9+.-]*:|\/\/)/i.test(target)) return [];
    const file = target.startsWith('/') ? target.slice(1) : posix.join(posix.dirname(path), target);
    if (existsSync(join(root, file))) return [];
    return [`Link to \`${target}\`, which is not there: correct the path or drop the link.`];
  });
}

function deadPaths(root: string, path: string, line: string): string[] {
  return [...line.matchAll(CODE_SPAN)].flatMap((match) => {
    const target = (match[1] ?? '').replace(/:\d+(-\d+)?$/, '');
    const ours = PATH.test(target) && (FILE.test(target) || TOP_FOLDERS.test(target));
    if (!ours || PRODUCED.test(target) || HOST.test(target)) return [];
    if (candidates(path, target).some((file) => existsSync(join(root, file)))) return [];
    return [
      `Names \`${target}\`, which is not there: correct the path, counted from the root or from this page.`,
    ];
  });
}

/** A page may count from the root, from itself, or (READMEs of packages) from the `src/` of its package. */
function candidates(path: string, target: string): string[] {
  const dir = posix.dirname(path);
  const own = packageOf(path)?.dir;
  return [
    target,
    posix.join(dir, target),
    ...(own === undefined ? [] : [posix.join(own, target), posix.join(own, 'src', target)]),
  ];
}
