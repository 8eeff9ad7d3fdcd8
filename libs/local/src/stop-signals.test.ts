import { EventEmitter } from 'node:events';
import { expect, test } from 'vitest';
import { listenForStop } from './stop-signals.ts';

function listening() {
  const source = new EventEmitter();
  let nowMs = 0;
  const signals = listenForStop(source, () => nowMs);
  return { signals, send: (name: string, atMs: number) => void ((nowMs = atMs), source.emit(name)) };
}

test.each(['SIGINT', 'SIGTERM', 'SIGHUP'])('%s stops', (name) => {
  const { signals, send } = listening();
  expect(signals.stop.aborted).toBe(false);
  send(name, 0);
  expect([signals.stop.aborted, signals.hasten.aborted]).toEqual([true, false]);
});

test('one Ctrl-C arrives three times and hastens nothing; a second one does', () => {
  const { signals, send } = listening();
  send('SIGINT', 0);
  send('SIGINT', 3);
  send('SIGINT', 20);
  expect(signals.hasten.aborted).toBe(false);
  send('SIGINT', 1_500);
  expect(signals.hasten.aborted).toBe(true);
});
