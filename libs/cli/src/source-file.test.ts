import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { CliFailure } from './failure.ts';
import { openSourceFile } from './source-file.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'zoco-source-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

async function textOf(name: string, content: Uint8Array | string): Promise<string> {
  const path = join(folder, name);
  writeFileSync(path, content);
  const file = await openSourceFile(path);
  let text = '';
  for await (const piece of file.text()) text += piece;
  expect(file.bytesRead).toBe(file.bytesTotal);
  return text;
}

const long = 'año €𝄞\n'.repeat(50_000);

test.each([
  ['plain', long, long],
  ['gzip, whatever its name', gzipSync(long), long],
  ['with a byte order mark', `\uFEFFa`, 'a'],
  ['empty', '', ''],
  ['of one byte', 'x', 'x'],
])('%s', async (_what, content, expected) => {
  expect(await textOf('file', content)).toBe(expected);
});

test.each([
  ['Latin-1', Buffer.from('a\xf1o', 'latin1'), /is not UTF-8/],
  ['cut inside a character', Buffer.from('a€').subarray(0, 3), /is not UTF-8/],
  ['half a gzip file', gzipSync(long).subarray(0, 100), /no whole gzip file/],
  [
    'gzip with rubbish inside',
    Buffer.concat([gzipSync('a').subarray(0, 10), Buffer.alloc(50, 7)]),
    /no whole gzip file/,
  ],
])('%s is refused with one sentence', async (_what, content, sentence) => {
  const reading = textOf('bad', content);
  await expect(reading).rejects.toThrow(CliFailure);
  await expect(reading).rejects.toThrow(sentence);
});

test('what cannot be opened is named', async () => {
  await expect(openSourceFile(join(folder, 'nothing'))).rejects.toThrow(/there is no such file\.$/);
  await expect(openSourceFile(folder)).rejects.toThrow(/that is a folder\.$/);
});
