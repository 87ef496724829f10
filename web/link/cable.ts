/**
 * Subscriptions at relays. The only importer of @rails/actioncable in the browser; one WebSocket per relay, however many
 * hubs are behind it.
 *
 * The library reconnects by itself, at its own slow pace; `reopen` makes it do so at once.
 */
import * as actionCable from '@rails/actioncable';
import { SIGNAL_ACTION, SIGNAL_CHANNEL } from '../../protocol/signals.js';
import type { CableListener, CableSubscription, SubscribeCable } from './transport.js';

declare module '@rails/actioncable' {
  interface Consumer {
    /** Not in the types; the library's way to reconnect by hand. */
    readonly connection: {
      readonly webSocket?: WebSocket;
      readonly monitor: { readonly pingedAt?: number };
      open(): boolean;
    };
  }
}

class Cable {
  readonly #consumer: actionCable.Consumer;
  readonly #listeners = new Map<CableListener, { connected: boolean }>();

  constructor(url: string) {
    this.#consumer = actionCable.createConsumer(url);
  }

  get unused(): boolean {
    return this.#listeners.size === 0;
  }

  subscribe(params: object, listener: CableListener): CableSubscription {
    const state = { connected: false };
    this.#listeners.set(listener, state);
    const disconnected = (): void => {
      if (!state.connected) return;
      state.connected = false;
      listener.disconnected();
    };
    const subscription = this.#consumer.subscriptions.create(
      { channel: SIGNAL_CHANNEL, ...params },
      {
        connected: () => {
          state.connected = true;
          listener.connected();
        },
        disconnected,
        rejected: () => {
          state.connected = false;
          listener.rejected();
        },
        received: (message: unknown) => listener.received(message),
      },
    );
    return {
      heardAgoMs: () => Date.now() - (this.#consumer.connection.monitor.pingedAt ?? 0),
      send: (data) => state.connected && subscription.perform(SIGNAL_ACTION, { data }),
      retry: () => void this.#consumer.connect(),
      reopen: () => this.#reopen(),
      close: () => {
        if (!this.#listeners.delete(listener)) return;
        subscription.unsubscribe();
        if (this.unused) this.#consumer.disconnect();
      },
    };
  }

  #reopen(): void {
    const { connection } = this.#consumer;
    // Also one that is still connecting: on a network that was away it may do so for minutes. The library takes a socket
    // that is closing for none, and does not hear of its end any more.
    connection.webSocket?.close();
    connection.open();
    for (const [listener, state] of this.#listeners) {
      if (!state.connected) continue;
      state.connected = false;
      listener.disconnected();
    }
  }
}

/** A way to subscribe that shares connections. */
export function cables(): SubscribeCable {
  const open = new Map<string, Cable>();
  return (url, params, listener) => {
    const cable = open.get(url) ?? new Cable(url);
    open.set(url, cable);
    const subscription = cable.subscribe(params, listener);
    return {
      ...subscription,
      close: () => {
        subscription.close();
        if (cable.unused && open.get(url) === cable) open.delete(url);
      },
    };
  };
}
