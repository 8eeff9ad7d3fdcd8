import { describe, expect, test } from 'vitest';
import { parseStartOptions } from './start-options.ts';

describe('the flags of npm start', () => {
  test.each([
    [[], { fresh: false, watch: false, help: false }],
    [['--fresh'], { fresh: true, watch: false, help: false }],
    [['--watch', '--fresh'], { fresh: true, watch: true, help: false }],
    [['-h'], { fresh: false, watch: false, help: true }],
  ])('%j', (args, expected) => {
    expect(parseStartOptions(args)).toEqual(expected);
  });

  test.each([
    [['--fersh'], "'--fersh'"],
    [['fresh'], "'fresh'"],
    [['--fresh', '--port', '1'], "'--port'"],
    [['--fresh=yes'], "'--fresh=yes'"],
  ])('%j is refused by name', (args, named) => {
    expect(() => parseStartOptions(args)).toThrow(`npm start knows no ${named}`);
  });
});
