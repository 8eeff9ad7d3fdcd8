import { describeState, type UnitName, type UnitState } from './unit-state.ts';

/** What the terminal shows: lines that scroll, and below them one line per service that stays up to date. */
export interface StatusBoard {
  /** A line that scrolls. */
  print(line: string): void;
  set(unit: UnitName, state: UnitState): void;
  /** Leaves the status lines as they are and stops updating them. */
  close(): void;
}

/** The part of a terminal that the board needs. */
export interface Terminal {
  readonly isTTY?: boolean;
  readonly columns?: number;
  write(text: string): unknown;
}

const CLEAR_BELOW = '\u001B[0J';
const CURSOR_UP = (lineCount: number) => `\u001B[${lineCount}A`;

/** On a terminal the status lines are redrawn in place; anywhere else each change is one more line. */
export function createStatusBoard(terminal: Terminal): StatusBoard {
  const states = new Map<UnitName, UnitState>();
  let drawnLines = 0;

  function redraw(line?: string): void {
    const erase = drawnLines === 0 ? '' : CURSOR_UP(drawnLines) + CLEAR_BELOW;
    const scrolled = line === undefined ? '' : `${line}\n`;
    const status = [...states].map(([name, state]) => clip(statusLine(name, state), terminal.columns));
    drawnLines = status.length;
    terminal.write(erase + scrolled + status.map((text) => `${text}\n`).join(''));
  }

  if (terminal.isTTY !== true) {
    return {
      print: (line) => terminal.write(`${line}\n`),
      set: (unit, state) => {
        if (state.kind !== 'stopped') terminal.write(`${statusLine(unit, state)}\n`);
      },
      close() {},
    };
  }
  return {
    print: redraw,
    set(unit, state) {
      states.set(unit, state);
      redraw();
    },
    close() {
      states.clear();
      drawnLines = 0;
    },
  };
}

export function statusLine(unit: UnitName, state: UnitState): string {
  return `${unit.padEnd(9)} ${describeState(state)}`;
}

/** A line that wraps would be erased by half. */
function clip(text: string, columns = 80): string {
  return text.length < columns ? text : `${text.slice(0, columns - 2)}…`;
}
