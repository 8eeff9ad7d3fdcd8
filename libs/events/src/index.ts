export {
  type EventHandler,
  type Handle,
  type HandleAll,
  type IsDone,
  on,
  onTogether,
} from './event-handler.ts';
export type { Received } from './delivery.ts';
export { connectNats, natsServer } from './nats.ts';
export { type ProvisionOptions, provisionService, provisionStreams } from './provision.ts';
export { type Cause, type EventRecord, record, recordAll } from './record.ts';
export { redrive, replay } from './replay.ts';
export { type EventsOptions, startEvents, startWatching, type WatchingOptions } from './start.ts';
export { deadLetters, inbox, outbox, OUTBOX_SHARDS } from './tables.ts';
export { runWatchers, watch, type Watcher } from './watch.ts';
export { relayOnce } from './relay.ts';
