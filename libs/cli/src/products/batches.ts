import type { Mapped } from './product-line.ts';

/** Some lines of NDJSON, and from which line of the source each came. */
export interface Batch {
  readonly text: string;
  readonly lines: readonly { readonly line: number; readonly sku: string | null }[];
}

const ROWS_MAX = 500;
// Below the megabyte that the strictest proxies let through.
const CHARACTERS_MAX = 900_000;

/** Cuts products into batches; refusals are given to `onRefusal` as they come. */
export async function* batchesOf(
  source: AsyncIterable<Mapped>,
  onRefusal: (refusal: Extract<Mapped, { reason: string }>) => void,
): AsyncGenerator<Batch> {
  let texts: string[] = [];
  let lines: { line: number; sku: string | null }[] = [];
  let characters = 0;
  for await (const mapped of source) {
    if ('reason' in mapped) {
      onRefusal(mapped);
      continue;
    }
    const text = JSON.stringify(mapped.product);
    if (texts.length === ROWS_MAX || (texts.length > 0 && characters + text.length > CHARACTERS_MAX)) {
      yield { text: texts.join('\n'), lines };
      [texts, lines, characters] = [[], [], 0];
    }
    texts.push(text);
    lines.push({ line: mapped.line, sku: mapped.sku });
    characters += text.length + 1;
  }
  if (texts.length > 0) yield { text: texts.join('\n'), lines };
}
