/** One thing that was looked at. */
export interface Finding {
  readonly area:
    | 'system'
    | 'service'
    | 'nats'
    | 'stream'
    | 'consumer'
    | 'outbox'
    | 'dead letters'
    | 'alerts'
    | 'signals';
  readonly subject: string;
  readonly state: 'ok' | 'warning' | 'wrong';
  readonly detail: string;
  /** What to do about it, in one sentence. */
  readonly advice?: string;
}
