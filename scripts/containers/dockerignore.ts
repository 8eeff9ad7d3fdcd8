interface Rule {
  readonly pattern: RegExp;
  readonly includes: boolean;
}

/** The rules of a .dockerignore, in its order; the last one that fits a path decides. */
export function readIgnoreFile(text: string): readonly Rule[] {
  return text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => {
      const includes = line.startsWith('!');
      return { includes, pattern: toRegExp(includes ? line.slice(1) : line) };
    });
}

/** Whether a file stays out of the build context. A rule that fits a folder fits all that is in it. */
export function isIgnored(rules: readonly Rule[], path: string): boolean {
  const parts = path.split('/');
  const paths = parts.map((_part, index) => parts.slice(0, index + 1).join('/'));
  const last = rules.findLast(({ pattern }) => paths.some((candidate) => pattern.test(candidate)));
  return last !== undefined && !last.includes;
}

/** `*` within a name, `**` over any number of folders, as Docker has it. */
function toRegExp(glob: string): RegExp {
  const source = glob
    .replaceAll(/[.+^${}()|[\]\\]/g, String.raw`\$&`)
    .replaceAll('**/', '\u0000')
    .replaceAll('*', '[^/]*')
    .replaceAll('\u0000', '(?:.*/)?');
  return new RegExp(`^${source}$`);
}
