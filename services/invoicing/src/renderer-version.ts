/** Raised when the drawing changes, so that caches know a new rendering of an old document. */
export const RENDERER_VERSION = 3;
