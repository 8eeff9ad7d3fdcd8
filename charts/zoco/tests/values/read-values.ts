import { readFileSync } from 'node:fs';
import { isMap, isScalar, type Pair, parse, parseDocument, type YAMLMap } from 'yaml';

/** One setting of a chart, as its values file explains it. */
export interface Value {
  /** With dots: `global.image.tag`. */
  readonly key: string;
  /** What the file says above it, in one line; empty when it says nothing. */
  readonly comment: string;
  /** As JSON. */
  readonly fallback: string;
}

/** The settings of a values file in its order, each with the comment that stands above it. */
export function readValues(file: string): Value[] {
  const document = parseDocument(readFileSync(file, 'utf8'));
  if (!isMap(document.contents)) throw new Error(`${file} holds no mapping.`);
  return [...settingsOf(document.contents, '', document.contents.commentBefore ?? '')];
}

readValues.yaml = (file: string): unknown => parse(readFileSync(file, 'utf8'));

/** `above` is the comment that the parser gives to the whole mapping and that belongs to its first key. */
function* settingsOf(map: YAMLMap, path: string, above: string): Generator<Value> {
  for (const [index, pair] of map.items.entries()) {
    const key = `${path}${keyOf(pair)}`;
    const own = isScalar(pair.key) ? (pair.key.commentBefore ?? '') : '';
    const comment = sentence(own === '' && index === 0 ? above : own);
    const nested = isMap(pair.value) && pair.value.items.length > 0 ? pair.value : undefined;
    if (nested === undefined || nested.flow === true) {
      const fallback = JSON.stringify(isScalar(pair.value) ? pair.value.value : pair.value);
      yield { key, comment, fallback };
      continue;
    }
    yield* settingsOf(nested, `${key}.`, nested.commentBefore ?? '');
  }
}

function keyOf({ key }: Pair): string {
  return isScalar(key) ? String(key.value) : '';
}

/** Comments of one paragraph; what stands before an empty line introduces a section. */
function sentence(comment: string): string {
  const paragraphs = comment.split(/\n\s*\n/);
  return (paragraphs.at(-1) ?? '').replaceAll(/\s*\n\s*/g, ' ').trim();
}
