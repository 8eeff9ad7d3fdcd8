/**
 * A fault of this machine, or of the way Zoco was started, that a person can mend: the message is one sentence with
 * the cure, and it is shown without a stack.
 */
export class SetupError extends Error {
  override name = 'SetupError';
}

/** The `code` of a Node.js system error (`EADDRINUSE`, `ENOENT` …), or undefined for anything else. */
export function errorCode(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}
