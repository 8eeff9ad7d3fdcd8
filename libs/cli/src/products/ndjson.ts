import { z } from 'zod';
import type { Mapped } from './product-line.ts';

const LINE_CHARACTERS_MAX = 262_144;

const productObject = z.record(z.string(), z.unknown());
const withSku = z.object({ sku: z.string() });

/** Products that are written as the API takes them, one JSON object a line; empty lines are passed over. */
export async function* readNdjson(text: AsyncIterable<string>): AsyncGenerator<Mapped> {
  for await (const { line, content } of linesOf(text)) {
    if (content === undefined) yield { line, sku: null, reason: 'is too long' };
    else if (content.trim() !== '') yield mapLine(line, content);
  }
}

function mapLine(line: number, content: string): Mapped {
  let value: unknown;
  try {
    value = JSON.parse(content);
  } catch {
    return { line, sku: null, reason: 'is not valid JSON' };
  }
  const product = productObject.safeParse(value);
  if (!product.success) return { line, sku: null, reason: 'is not a JSON object' };
  return { line, product: product.data, sku: withSku.safeParse(value).data?.sku ?? null };
}

/** Lines by number; one without end has no content, so that it costs no memory. */
async function* linesOf(
  text: AsyncIterable<string>,
): AsyncGenerator<{ line: number; content: string | undefined }> {
  let line = 0;
  let rest = '';
  let tooLong = false;
  for await (const piece of text) {
    const parts = (rest + piece).split('\n');
    rest = parts.pop() ?? '';
    for (const part of parts) {
      line += 1;
      yield { line, content: tooLong || part.length > LINE_CHARACTERS_MAX ? undefined : part };
      tooLong = false;
    }
    if (rest.length > LINE_CHARACTERS_MAX) {
      tooLong = true;
      rest = '';
    }
  }
  if (rest !== '' || tooLong) yield { line: line + 1, content: tooLong ? undefined : rest };
}
