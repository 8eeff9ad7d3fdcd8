import { closeSync, fstatSync, mkdirSync, openSync, renameSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import { z } from 'zod';

const ROTATE_BYTES = 50 * 1024 ** 2;
const SHORT_LENGTH = 180;
const WARN_LEVEL = 40;
const ERROR_LEVEL = 50;

/** The log file of one service: it gets every line, and whoever listens gets warnings and errors in short. */
export interface ServiceLog {
  /** Output in chunks as they come from the process. */
  write(chunk: Buffer): void;
  /** The last error of the current process, to explain why it ended. */
  readonly lastError: string | undefined;
  /** To be called before a new process writes. */
  beginProcess(): void;
  close(): void;
}

/**
 * Starts an empty log file, which moves to `<file>.1` whenever it has grown to `rotateBytes`.
 * @param onProblem gets each warning, error and line that is no JSON (what Node prints when it dies)
 */
export function openServiceLog(
  file: string,
  onProblem: (line: string) => void,
  rotateBytes = ROTATE_BYTES,
): ServiceLog {
  mkdirSync(dirname(file), { recursive: true });
  let descriptor = openSync(file, 'w');
  let byteCount = fstatSync(descriptor).size;
  let rest = '';
  let lastError: string | undefined;
  const decoder = new TextDecoder();

  function rotate(): void {
    closeSync(descriptor);
    renameSync(file, `${file}.1`);
    descriptor = openSync(file, 'w');
    byteCount = 0;
  }

  return {
    write(chunk) {
      if (byteCount + chunk.length > rotateBytes) rotate();
      byteCount += writeSync(descriptor, chunk);
      const lines = (rest + decoder.decode(chunk, { stream: true })).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) {
        const problem = shortProblem(line);
        if (problem === undefined) continue;
        // "The environment is not right:" goes on in the next line.
        if (lastError?.endsWith(':')) lastError = `${lastError} ${problem.text}`;
        else if (problem.isError) lastError = problem.text;
        onProblem(problem.text);
      }
    },
    get lastError() {
      return lastError;
    },
    beginProcess() {
      lastError = undefined;
      rest = '';
    },
    close: () => closeSync(descriptor),
  };
}

// pino's numbers, and the names of those who log by name.
const LEVELS: Readonly<Record<string, number>> = {
  trace: 10,
  debug: 20,
  info: 30,
  warn: 40,
  error: 50,
  fatal: 60,
};

const LogLine = z.object({
  msg: z.string().default(''),
  err: z.object({ message: z.string() }).optional(),
});

/** A log line of level warning or above in short, or undefined for one that needs nobody's eyes. */
export function shortProblem(line: string): { text: string; isError: boolean } | undefined {
  if (line.trim() === '') return undefined;
  // The level comes first; most lines are below, and parsing every one would cost more than the service spends.
  const [, number, name = ''] = /^\{"level":(?:(\d+)|"(\w+)"),/.exec(line) ?? [];
  const level = number === undefined ? LEVELS[name] : Number(number);
  if (level !== undefined && level < WARN_LEVEL) return undefined;
  const parsed = level === undefined ? undefined : parse(line);
  if (parsed === undefined || level === undefined) {
    return isNoise(line) ? undefined : { text: shorten(line), isError: /^(Uncaught )?\w*Error\b/.test(line) };
  }
  const cause =
    parsed.err === undefined || parsed.msg.includes(parsed.err.message) ? '' : `: ${parsed.err.message}`;
  const isError = level >= ERROR_LEVEL;
  return { text: shorten(`${isError ? 'error' : 'warning'} ${parsed.msg}${cause}`), isError };
}

/** What Node prints around an uncaught error: where it was thrown, that (minified) line, stack frames, its version. */
function isNoise(line: string): boolean {
  return (
    /^(\s+at |file:\/\/|Node\.js v|\s*\^|\s*[\])}]|\s+\[?(cause|errno|syscall|code)\b)/.test(line) ||
    line.length > 400
  );
}

function parse(line: string): z.infer<typeof LogLine> | undefined {
  try {
    return LogLine.parse(JSON.parse(line));
  } catch {
    return undefined;
  }
}

function shorten(text: string): string {
  const oneLine = text.replaceAll(/\s+/g, ' ').trim();
  return oneLine.length <= SHORT_LENGTH ? oneLine : `${oneLine.slice(0, SHORT_LENGTH - 1)}…`;
}
