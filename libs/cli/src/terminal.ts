import { styleText } from 'node:util';
import { Presets, SingleBar } from 'cli-progress';

/** Where a command writes to. */
export interface Terminal {
  /** The result of the command. */
  out(line: string): void;
  /** What happens on the way, and what went wrong. */
  note(line: string): void;
  /** Whether a person looks on: bars move and colours show only then. */
  readonly interactive: boolean;
}

export function processTerminal(): Terminal {
  return {
    out: (line) => void process.stdout.write(`${line}\n`),
    note: (line) => void process.stderr.write(`${line}\n`),
    interactive: process.stderr.isTTY,
  };
}

export type Colour = 'green' | 'yellow' | 'red' | 'dim';

/** `text` in colour where a person looks on. */
export function coloured(terminal: Terminal, colour: Colour, text: string): string {
  return terminal.interactive ? styleText(colour, text) : text;
}

export interface Progress {
  /** @param done of `total`; may be more when the total was a guess */
  update(done: number, note: string): void;
  stop(): void;
}

/** A bar in a terminal; a line for every tenth of the way anywhere else, such as a log. */
export function startProgress(terminal: Terminal, title: string, total: number): Progress {
  return terminal.interactive ? bar(title, total) : lines(terminal, title, total);
}

function bar(title: string, total: number): Progress {
  const single = new SingleBar(
    { format: `${title} {bar} {percentage} %  {note}`, hideCursor: true, etaBuffer: 100 },
    Presets.shades_classic,
  );
  single.start(total, 0, { note: '' });
  return {
    update: (done, note) => single.update(Math.min(done, total), { note }),
    stop: () => single.stop(),
  };
}

function lines(terminal: Terminal, title: string, total: number): Progress {
  let tenths = 0;
  return {
    update(done, note) {
      const now = total === 0 ? 10 : Math.min(10, Math.floor((done / total) * 10));
      if (now > tenths) terminal.note(`${title} ${now * 10} %  ${note}`);
      tenths = Math.max(tenths, now);
    },
    stop() {},
  };
}

const NUMBER = new Intl.NumberFormat('en-US');

/** `12,345` */
export function count(value: number): string {
  return NUMBER.format(value);
}

/** `1 row`, `12,345 rows` */
export function plural(value: number, noun: string): string {
  return `${count(value)} ${noun}${value === 1 ? '' : 's'}`;
}

/** `813 rows/s`, with one decimal below ten. */
export function rate(value: number, seconds: number, noun: string): string {
  const perSecond = value / Math.max(seconds, 0.001);
  return `${perSecond < 10 ? perSecond.toFixed(1) : count(Math.round(perSecond))} ${noun}s/s`;
}
