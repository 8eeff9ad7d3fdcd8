import { randomBytes } from 'node:crypto';
import type { Msg, NatsConnection } from '@nats-io/transport-node';
import { LIMIT_SUBJECTS } from '@zoco/contracts';
import type { Logger } from '@zoco/service';
import { z } from 'zod';
import type { Told } from './limit-entry.ts';
import type { RateLimiter, Replicas } from './rate-limiter.ts';
import type { BucketCount } from './sliding-counts.ts';

const { alive: ALIVE, gone: GONE, limits: LIMITS } = LIMIT_SUBJECTS;

const BEAT_MS = 1000;
const SILENCE_MS_MAX = 3500;
const ANSWER_MS_MAX = 100;

const count = z.int().nonnegative();
const question = z.object({
  replica: z.string(),
  key: z.string(),
  window_seconds: z.int().positive(),
  counts: z.array(z.tuple([count, count])),
});
const answer = question.pick({ replica: true, counts: true });

/**
 * The replicas of this gateway, as heard of over NATS; alone until it is attached. Membership is a beat each second, counts are
 * exchanged by request and reply, and nothing is stored. While NATS is away the last known replicas stay: each goes on with
 * its share, so together they stay below the limit.
 */
export class LimitExchange implements Replicas {
  readonly own = randomBytes(6).toString('hex');
  ids: readonly string[] = [this.own];
  generation = 0;
  readonly #log: Logger;
  readonly #lastHeardMs = new Map<string, number>();
  #nc: NatsConnection | undefined;
  #connected = false;
  #beat: NodeJS.Timeout | undefined;

  constructor(log: Logger) {
    this.#log = log;
  }

  /** Begins to hear and be heard; from then on `limiter` answers the others. */
  attach(nc: NatsConnection, limiter: Pick<RateLimiter, 'hear'>): void {
    this.#nc = nc;
    this.#connected = true;
    this.#subscribe(nc, ALIVE, (message) => this.#seeAlive(message.string()));
    this.#subscribe(nc, GONE, (message) => this.#seeGone(message.string()));
    this.#subscribe(nc, LIMITS, (message) => {
      const { replica, key, window_seconds: windowSeconds, counts } = question.parse(message.json());
      if (replica === this.own) return;
      const own = limiter.hear({ replica, counts }, key, windowSeconds);
      message.respond(JSON.stringify({ replica: this.own, counts: own }));
    });
    void this.#followConnection(nc);
    nc.publish(ALIVE, this.own);
    this.#beat = setInterval(() => this.#keepAlive(nc), BEAT_MS).unref();
  }

  async exchange(
    key: string,
    windowSeconds: number,
    counts: readonly BucketCount[],
  ): Promise<readonly Told[]> {
    if (this.#nc === undefined || !this.#connected) return [];
    const told: Told[] = [];
    try {
      const text = JSON.stringify({ replica: this.own, key, window_seconds: windowSeconds, counts });
      const others = this.#lastHeardMs.size;
      const options = { strategy: 'count', maxMessages: others, maxWait: ANSWER_MS_MAX } as const;
      for await (const message of await this.#nc.requestMany(LIMITS, text, options)) {
        told.push(answer.parse(message.json()));
      }
    } catch (error) {
      this.#log.warn({ err: error }, 'the other replicas could not be asked about a limit');
    }
    return told;
  }

  /** Tells the others that their shares grow; to be called while the connection still stands. */
  leave(): void {
    clearInterval(this.#beat);
    if (this.#connected && this.#nc?.isClosed() === false) this.#nc.publish(GONE, this.own);
  }

  #subscribe(nc: NatsConnection, subject: string, see: (message: Msg) => void): void {
    nc.subscribe(subject, {
      callback: (error, message) => {
        try {
          if (error) throw error;
          see(message);
        } catch (cause) {
          this.#log.warn({ err: cause, subject }, 'message of a replica cannot be read');
        }
      },
    });
  }

  #seeAlive(replica: string): void {
    if (replica === this.own) return;
    const isNew = !this.#lastHeardMs.has(replica);
    this.#lastHeardMs.set(replica, performance.now());
    if (!isNew) return;
    this.generation += 1;
    this.#setIds();
    // The newcomer must not wait for the next beat to learn that it is not alone.
    this.#nc?.publish(ALIVE, this.own);
  }

  #seeGone(replica: string): void {
    if (this.#lastHeardMs.delete(replica)) this.#setIds();
  }

  #setIds(): void {
    this.ids = [this.own, ...this.#lastHeardMs.keys()].toSorted();
  }

  #keepAlive(nc: NatsConnection): void {
    if (!this.#connected) return;
    nc.publish(ALIVE, this.own);
    const oldestMs = performance.now() - SILENCE_MS_MAX;
    for (const [replica, heardMs] of this.#lastHeardMs) if (heardMs < oldestMs) this.#seeGone(replica);
  }

  async #followConnection(nc: NatsConnection): Promise<void> {
    for await (const { type } of nc.status()) {
      if (type === 'disconnect') this.#connected = false;
      if (type !== 'reconnect') continue;
      this.#connected = true;
      for (const replica of this.#lastHeardMs.keys()) this.#lastHeardMs.set(replica, performance.now());
    }
  }
}
