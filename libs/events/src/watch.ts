import type { NatsConnection } from '@nats-io/transport-node';
import { envelopeSchema, type EventDefinition, subjectOf } from '@zoco/contracts';
import type { TenantId } from '@zoco/kernel';
import type { Logger } from '@zoco/service';
import type { z } from 'zod';

/** Something that every replica does with an event to keep its memory fresh. */
export interface Watcher {
  readonly event: EventDefinition;
  readonly see: (data: unknown, tenantId: TenantId) => void;
}

/** Binds a watcher to its event. */
export function watch<T extends z.ZodType>(
  event: EventDefinition<T>,
  see: (data: z.output<T>, tenantId: TenantId) => void,
): Watcher {
  return { event, see: (data, tenantId) => see(event.data.parse(data), tenantId) };
}

/**
 * Shows events to watchers until the signal aborts, as plain subscriptions: at most once, no order across replicas. What must
 * not be missed is read again by `reload`, since nothing arrives before the subscription stands, nor while the connection is down.
 */
export async function runWatchers(
  nc: NatsConnection,
  watchers: readonly Watcher[],
  reload: () => void,
  log: Logger,
  signal: AbortSignal,
): Promise<void> {
  const subscriptions = watchers.map(({ event, see }) =>
    nc.subscribe(subjectOf(event, '*'), {
      callback: (error, message) => {
        try {
          if (error) throw error;
          const envelope = envelopeSchema.parse(message.json());
          see(envelope.data, envelope.tenantid);
        } catch (cause) {
          log.warn({ err: cause, subject: message.subject }, 'watched event cannot be read');
        }
      },
    }),
  );
  signal.addEventListener('abort', () => subscriptions.forEach((one) => one.unsubscribe()), { once: true });
  // Answered when the server has the subscriptions: what happened before that, nobody here has heard of.
  void nc.flush().then(reload, () => {});
  for await (const status of nc.status()) {
    if (signal.aborted) return;
    if (status.type === 'reconnect') reload();
  }
}
