import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openServiceLog, shortProblem } from './service-log.ts';

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'zoco-log-'));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

test.each([
  ['{"level":30,"time":"t","msg":"hello"}', undefined],
  ['{"level":40,"time":"t","msg":"slow"}', 'warning slow'],
  ['{"level":"info","msg":"hello"}', undefined],
  ['{"level":"error","msg":"failed"}', 'error failed'],
  ['{"level":"odd","msg":"failed"}', '{"level":"odd","msg":"failed"}'],
  ['{"level":50,"msg":"failed","err":{"message":"no route","stack":"…"}}', 'error failed: no route'],
  ['{"level":60,"msg":"no route","err":{"message":"no route"}}', 'error no route'],
  ['{"level":50,"msg":42}', '{"level":50,"msg":42}'],
  ['ConfigError: The environment is not right:', 'ConfigError: The environment is not right:'],
  ['  NATS_URL: is missing', 'NATS_URL: is missing'],
  ['    at main (file:///dist/main.js:1:1)', undefined],
  ['file:///dist/main.js:12', undefined],
  ['Node.js v24.21.0', undefined],
  ['', undefined],
  [`const a=${'x'.repeat(1000)}`, undefined],
])('%s', (line, expected) => {
  expect(shortProblem(line)?.text).toBe(expected);
});

test('long lines are cut to one line of the terminal', () => {
  const short = shortProblem(JSON.stringify({ level: 50, msg: `a\nb ${'c'.repeat(300)}` }));
  expect(short?.text).toMatch(/^error a b c+…$/);
  expect(short?.text.length).toBeLessThan(200);
});

test('every byte is in the file; problems come out whole although chunks cut them', () => {
  const problems: string[] = [];
  const log = openServiceLog(join(dir, 'users.log'), (line) => problems.push(line));
  const bytes = Buffer.from('{"level":30,"msg":"a"}\n{"level":40,"msg":"año"}\n');
  for (const byte of bytes) log.write(Buffer.from([byte]));
  log.close();
  expect(problems).toEqual(['warning año']);
  expect(readFileSync(join(dir, 'users.log'))).toEqual(bytes);
});

test('the last error of a process explains its end, with the line that its colon promises', () => {
  const log = openServiceLog(join(dir, 'users.log'), () => {});
  log.write(
    Buffer.from(
      'ConfigError: The environment is not right:\n  NATS_URL: is missing\n{"level":40,"msg":"x"}\n',
    ),
  );
  expect(log.lastError).toBe('ConfigError: The environment is not right: NATS_URL: is missing');
  log.beginProcess();
  expect(log.lastError).toBeUndefined();
  log.close();
});

test('a file that has grown too large moves aside, and only one such file is kept', () => {
  const file = join(dir, 'users.log');
  const log = openServiceLog(file, () => {}, 50);
  for (let n = 0; n < 6; n++) log.write(Buffer.from(`{"level":30,"n":${n}}\n`));
  log.close();
  expect(readFileSync(file, 'utf8')).toBe('{"level":30,"n":4}\n{"level":30,"n":5}\n');
  expect(readFileSync(`${file}.1`, 'utf8')).toBe('{"level":30,"n":2}\n{"level":30,"n":3}\n');
});
