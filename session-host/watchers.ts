/**
 * The connections that hear of every session (`host.watch`).
 *
 * An event is encoded once for all. A watcher that does not read is closed by its connection's bound: it connects again
 * and gets the list. Nobody watches: nothing is done.
 */
import type { HostEvent } from '../protocol/host-events.js';
import { encodeMessage, type MessageOf } from '../protocol/messages.js';

export interface Watcher {
  sendEncoded(message: Uint8Array): void;
}

export class Watchers {
  readonly #watchers = new Set<Watcher>();

  add(watcher: Watcher): void {
    this.#watchers.add(watcher);
  }

  remove(watcher: Watcher): void {
    this.#watchers.delete(watcher);
  }

  emit({ name, data }: HostEvent): void {
    if (this.#watchers.size === 0) return;
    const message = encodeMessage({ type: 'event', name, data: data as MessageOf<'event'>['data'] });
    for (const watcher of this.#watchers) watcher.sendEncoded(message);
  }
}
