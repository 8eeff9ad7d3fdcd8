/** One line of a `/metrics` page. */
export interface Sample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

const LINE = /^([a-zA-Z_:][\w:]*)(?:\{((?:[^"}]|"(?:[^"\\]|\\.)*")*)\})? (\S+)/;
const LABEL = /([a-zA-Z_]\w*)="((?:[^"\\]|\\.)*)"/g;

/**
 * Reads Prometheus' text format; lines that are none of it are left out.
 * @see https://prometheus.io/docs/instrumenting/exposition_formats/
 */
export function readSamples(text: string): Sample[] {
  return text.split('\n').flatMap((line) => {
    const [, name, labels = '', value = ''] = LINE.exec(line) ?? [];
    if (name === undefined) return [];
    const pairs: Record<string, string> = {};
    for (const [, key = '', quoted = ''] of labels.matchAll(LABEL)) pairs[key] = unescape(quoted);
    return [{ name, labels: pairs, value: Number(value.replace('Inf', 'Infinity')) }];
  });
}

function unescape(quoted: string): string {
  return quoted.replaceAll(/\\(.)/g, (_match, character: string) => (character === 'n' ? '\n' : character));
}
