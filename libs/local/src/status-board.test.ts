import { expect, test } from 'vitest';
import { createStatusBoard } from './status-board.ts';

function terminal(isTTY: boolean, columns = 60) {
  const written: string[] = [];
  return { isTTY, columns, write: (text: string) => written.push(text), written };
}

const ready = { kind: 'ready', afterMs: 812, pid: 7, place: 'http://127.0.0.1:8082' } as const;

test('without a terminal each change is a line of its own', () => {
  const out = terminal(false);
  const board = createStatusBoard(out);
  board.set('catalog', { kind: 'not_ready', detail: 'database: unreachable' });
  board.set('catalog', ready);
  board.print('hello');
  expect(out.written).toEqual([
    'catalog   not ready: database: unreachable\n',
    'catalog   ready in 0.8 s  http://127.0.0.1:8082  pid 7\n',
    'hello\n',
  ]);
});

test('on a terminal the status lines are redrawn below what scrolls', () => {
  const out = terminal(true);
  const board = createStatusBoard(out);
  board.set('users', { kind: 'starting' });
  board.set('catalog', { kind: 'ended', detail: 'exit code 1', retryMs: 200 });
  board.print('hello');
  expect(out.written.at(-1)).toBe(
    '\u001B[2A\u001B[0Jhello\nusers     starting\ncatalog   ended (exit code 1), again in 0.2 s\n',
  );
});

test('a line that would wrap is cut, for only whole lines can be redrawn', () => {
  const out = terminal(true, 20);
  createStatusBoard(out).set('catalog', ready);
  expect(out.written.at(-1)).toBe('catalog   ready in…\n');
});

test('after close nothing is redrawn', () => {
  const out = terminal(true);
  const board = createStatusBoard(out);
  board.set('users', ready);
  board.close();
  board.print('bye');
  expect(out.written.at(-1)).toBe('bye\n');
});
