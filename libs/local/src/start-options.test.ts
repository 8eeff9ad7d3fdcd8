import { describe, expect, test } from 'vitest';
import { parseStartOptions } from './start-options.ts';

describe('the flags of npm start', () => {
  test.each([
    [[], {}],
    [['--fresh'], { fresh: true }],
    [['--watch', '--fresh'], { fresh: true, watch: true }],
    [['--observe'], { observe: true }],
    [['-h'], { help: true }],
  ])('%j', (args, expected) => {
    const none = { fresh: false, watch: false, observe: false, help: false };
    expect(parseStartOptions(args)).toEqual({ ...none, ...expected });
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
