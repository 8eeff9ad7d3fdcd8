/** Makes a `switch` over a union exhaustive: the compiler refuses the call while a case is missing. */
export function assertNever(value: never): never {
  throw new Error(`unexpected value of type ${typeof value}`);
}
