/**
 * What one connection hears and says under one identifier: a channel's name with its parameters.
 *
 * Servers know an identifier once per connection, and confirm it once; so those here who subscribe to the same share
 * it. What is performed before the server confirmed waits: a server may refuse a message that overtakes its
 * subscription.
 */
import type { CableSubscription } from './consumer.js';

export class Channel {
  /** Who listens. */
  readonly ids = new Set<number>();
  /** The server's word for the connection of now. */
  confirmed = false;
  /** Was it ever. */
  known = false;
  /** Missing while the connection has no address yet. */
  subscription: CableSubscription | undefined;
}

interface Waiting {
  readonly channel: Channel;
  readonly data: string;
}

/** Messages of one connection that wait to be sent, in order; at most so many, and so large. */
export class SendQueue {
  readonly #limits: { readonly messages: number; readonly bytes: number };
  #waiting: Waiting[] = [];
  #bytes = 0;

  constructor(limits: { readonly messages: number; readonly bytes: number }) {
    this.#limits = limits;
  }

  get length(): number {
    return this.#waiting.length;
  }

  /** Returns how many of the oldest were dropped for it. */
  push(channel: Channel, data: string): number {
    this.#waiting.push({ channel, data });
    this.#bytes += data.length;
    let dropped = 0;
    while (this.#waiting.length > this.#limits.messages || this.#bytes > this.#limits.bytes) {
      this.#bytes -= this.#waiting.shift()?.data.length ?? 0;
      dropped++;
    }
    return dropped;
  }

  /** Takes what waits for a channel, in order. */
  take(channel: Channel): readonly string[] {
    const taken = this.#waiting.filter((waiting) => waiting.channel === channel).map(({ data }) => data);
    if (taken.length === 0) return taken;
    this.#waiting = this.#waiting.filter((waiting) => waiting.channel !== channel);
    for (const data of taken) this.#bytes -= data.length;
    return taken;
  }
}
