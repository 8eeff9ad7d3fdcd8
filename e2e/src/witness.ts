import { connectNats } from '@zoco/events';
import { z } from 'zod';

const seen = z.object({ id: z.string(), subject: z.string(), aggregateversion: z.number() });

/** Watches a subject from outside: what was published, in the order of arrival. */
export interface Witness extends AsyncDisposable {
  /** Versions of an aggregate's events, in order; a repetition (same event id) counts once, at its first arrival. */
  versionsOf(aggregateId: string): number[];
}

export async function collectEvents(natsUrl: string, subject: string): Promise<Witness> {
  const nc = await connectNats({ url: natsUrl, name: 'witness' });
  const events = new Map<string, z.infer<typeof seen>>();
  nc.subscribe(subject, {
    callback: (_error, message) => {
      const event = seen.parse(message.json());
      if (!events.has(event.id)) events.set(event.id, event);
    },
  });
  await nc.flush();
  return {
    versionsOf: (aggregateId) =>
      [...events.values()]
        .filter((event) => event.subject === aggregateId)
        .map((event) => event.aggregateversion),
    [Symbol.asyncDispose]: () => nc.close(),
  };
}
