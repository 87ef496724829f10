/**
 * Who hears what: those that subscribed as a hub, and those that subscribed as a peer of it.
 *
 * Keeps true: a name that nobody listens to takes no memory, and what one says is answered the same whether or not
 * anybody listens. Places are bounded and shared among addresses: whoever comes from a new one gets the place of one
 * that has several, so a few addresses cannot keep a hub out.
 */
import type { Counters } from '../base/counters.js';
import type { SignalMessage, SignalSubscription } from '../protocol/signals.js';
import type { RelayLimits } from './limits.js';

export interface Listener {
  /** For limits. */
  readonly address: string;
  hear(message: SignalMessage): void;
  /** Its place is needed. Must leave. */
  giveWay(): void;
}

export class Switchboard {
  readonly #listeners = new Map<string, Set<Listener>>();
  readonly #limits: RelayLimits;
  readonly #counters: Counters;

  constructor(limits: RelayLimits, counters: Counters) {
    this.#limits = limits;
    this.#counters = counters;
  }

  /** Names that somebody listens to. */
  get size(): number {
    return this.#listeners.size;
  }

  /** False: there is no place for one more. */
  join(subscription: SignalSubscription, listener: Listener): boolean {
    const name = nameOf(subscription);
    const others = this.#listeners.get(name);
    if (others === undefined) {
      this.#listeners.set(name, new Set([listener]));
      return true;
    }
    const { maxListeners, maxListenersPerAddress } = this.#limits;
    const crowds = byAddress(others);
    const fromThere = crowds.get(listener.address)?.length ?? 0;
    if (fromThere >= maxListenersPerAddress) return false;
    if (others.size >= maxListeners) {
      const [largest = []] = [...crowds.values()].sort((a, b) => b.length - a.length);
      if (largest.length <= fromThere + 1) return false;
      largest.at(-1)?.giveWay();
    }
    others.add(listener);
    return true;
  }

  leave(subscription: SignalSubscription, listener: Listener): void {
    const name = nameOf(subscription);
    const listeners = this.#listeners.get(name);
    listeners?.delete(listener);
    if (listeners?.size === 0) this.#listeners.delete(name);
  }

  /** Passes on what `from` says: a device to its hub, a hub to one of its peers. False: it names no peer. */
  signal(from: SignalSubscription, { peer, data }: SignalMessage): boolean {
    if (from.peer !== undefined) {
      this.#tell(from.hub, { peer: from.peer, data });
      return true;
    }
    if (peer === undefined) return false;
    this.#tell(peerName(from.hub, peer), { data });
    return true;
  }

  #tell(name: string, message: SignalMessage): void {
    const listeners = this.#listeners.get(name);
    this.#counters.add(listeners === undefined ? 'relay.unheard' : 'relay.signals');
    for (const listener of listeners ?? []) listener.hear(message);
  }
}

function byAddress(listeners: Iterable<Listener>): ReadonlyMap<string, readonly Listener[]> {
  const crowds = new Map<string, Listener[]>();
  for (const listener of listeners) {
    const crowd = crowds.get(listener.address);
    if (crowd === undefined) crowds.set(listener.address, [listener]);
    else crowd.push(listener);
  }
  return crowds;
}

function nameOf({ hub, peer }: SignalSubscription): string {
  return peer === undefined ? hub : peerName(hub, peer);
}

function peerName(hub: string, peer: string): string {
  return `${hub} ${peer}`;
}
