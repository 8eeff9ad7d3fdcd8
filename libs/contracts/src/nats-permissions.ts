import { durableOf, streamOf, subjectOf } from './event.ts';
import { EVENTS, HANDLES, LIMIT_SUBJECTS, WATCHES } from './graph.ts';
import type { ServiceName } from './services.ts';

/** Subjects that one service may publish to and subscribe to; everything else is refused. */
export interface NatsPermissions {
  readonly publish: readonly string[];
  readonly subscribe: readonly string[];
}

/** First part of the reply subjects of a service, which no other may read. */
export function inboxPrefixOf(service: ServiceName): string {
  return `_INBOX_${service}`;
}

/**
 * What a service may do on NATS, from the call graph alone: publish its own events, pull from and acknowledge to its own durables,
 * see what it watches, and hear answers. It may not create, change, purge or look into any stream: that is for the login which
 * provisions them.
 */
export function natsPermissions(service: ServiceName): NatsPermissions {
  const own = EVENTS.filter((event) => event.producer === service);
  const limits = service === 'gateway' ? Object.values(LIMIT_SUBJECTS) : [];
  const inbox = `${inboxPrefixOf(service)}.>`;
  return {
    publish: [
      ...own.map((event) => subjectOf(event, '*')),
      ...HANDLES[service].flatMap((event) => {
        const durable = `${streamOf(event.producer)}.${durableOf(service, event)}`;
        return [
          `$JS.API.CONSUMER.INFO.${durable}`,
          `$JS.API.CONSUMER.MSG.NEXT.${durable}`,
          `$JS.ACK.${durable}.>`,
        ];
      }),
      // Replicas of the gateway answer each other.
      ...(limits.length > 0 ? [...limits, inbox] : []),
    ],
    subscribe: [inbox, ...WATCHES[service].map((event) => subjectOf(event, '*')), ...limits],
  };
}
