/** Something that a person can mend: the message is one sentence with the cure, shown without a stack. */
export class CliFailure extends Error {
  override readonly name: string = 'CliFailure';
  readonly exitCode: number = 1;
}

/** The command line is not right. */
export class UsageFailure extends CliFailure {
  override readonly name = 'UsageFailure';
  override readonly exitCode = 2;
}

/** Somebody pressed Ctrl-C. */
export class Interrupted extends CliFailure {
  override readonly name = 'Interrupted';
  override readonly exitCode = 130;
}

/** What to say of an error in half a sentence: its message, or the code of the system error behind it. */
export function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  // Node wraps what the network said: `fetch failed`, or an AggregateError without words of its own.
  const inner: unknown = error instanceof AggregateError ? error.errors[0] : error.cause;
  if (inner !== undefined && (error.message === '' || error.message === 'fetch failed'))
    return reasonOf(inner);
  return error.message === '' && 'code' in error ? String(error.code) : error.message;
}
