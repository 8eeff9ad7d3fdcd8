/** Request headers by lower-case name, as Node gives them: repeated ones are joined or dropped. */
export type IncomingHttpHeaders = Readonly<Record<string, string | string[] | undefined>>;

/** The one value of a header; the first where there are several. */
export function headerOf(headers: IncomingHttpHeaders, name: string): string | undefined {
  const value = headers[name];
  return typeof value === 'object' ? value[0] : value;
}

/** Value of a header in a list of names and values in turn; names in any case. */
export function rawHeader(raw: readonly string[], name: string): string | undefined {
  for (let index = 0; index + 1 < raw.length; index += 2) {
    const candidate = raw[index] ?? '';
    if (candidate.length === name.length && candidate.toLowerCase() === name) return raw[index + 1];
  }
  return undefined;
}

/** Whether a header occurs more than once, where readers could differ about which one counts. */
export function isRepeated(raw: readonly string[], name: string): boolean {
  let found = 0;
  for (let index = 0; index < raw.length; index += 2) {
    const candidate = raw[index] ?? '';
    if (candidate.length === name.length && candidate.toLowerCase() === name) found += 1;
  }
  return found > 1;
}
