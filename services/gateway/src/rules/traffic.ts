/**
 * How an operation is treated. `ordinary`: all of it within the total time. `upload`: a streamed import, as long as bytes keep
 * coming. `stream`: server-sent events, without an end.
 */
export type Traffic = 'ordinary' | 'upload' | 'stream';

export interface TimeLimits {
  /** From the arrival of the request to the end of its answer; undefined when an answer may go on for ever. */
  readonly totalMs: number | undefined;
  /** To the head of the answer. */
  readonly headMs: number;
  /** Longest pause between two parts of the request's body. */
  readonly bodyPauseMs: number;
}

const UPLOAD_TOTAL_MS = 10 * 60_000;
const BODY_PAUSE_MS = 10_000;

/** The time limits of each kind; `ordinaryMs` is the total for all but imports and server-sent events. */
export function timeLimits(traffic: Traffic, ordinaryMs: number): TimeLimits {
  switch (traffic) {
    case 'upload':
      return { totalMs: UPLOAD_TOTAL_MS, headMs: UPLOAD_TOTAL_MS, bodyPauseMs: BODY_PAUSE_MS };
    case 'stream':
      return { totalMs: undefined, headMs: ordinaryMs, bodyPauseMs: BODY_PAUSE_MS };
    default:
      return { totalMs: ordinaryMs, headMs: ordinaryMs, bodyPauseMs: BODY_PAUSE_MS };
  }
}

/** What the media types of an operation say: events are answered as a stream, imports take something other than JSON. */
export function trafficOf(requestTypes: readonly string[], answerTypes: readonly string[]): Traffic {
  if (answerTypes.includes('text/event-stream')) return 'stream';
  if (requestTypes.some((type) => UPLOAD_TYPES.has(type))) return 'upload';
  return 'ordinary';
}

const UPLOAD_TYPES = new Set(['text/csv', 'application/x-ndjson', 'application/octet-stream']);
