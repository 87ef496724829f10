/**
 * The one importer of @rails/actioncable in the hub: its consumers, with our sockets under them.
 *
 * The library is written for browsers. It needs two global functions (a page tells it when it is shown; a worker never
 * does) and a WebSocket class, one for all consumers. So that each consumer has sockets of its own, it asks for its
 * address, which it does right before it constructs a socket, and the answer leaves word of who is asking. What else
 * there is to know of the library, docs/decisions/rails-actioncable.md says. Imported in the worker only.
 */
import actioncable, { type BaseMixin, type Consumer, type Subscription } from '@rails/actioncable';
import type { CableSocket } from './cable-socket.js';

export type OpenSocket = (url: string, protocols: string[]) => CableSocket;

export interface CableConsumer {
  /** Tries now, unless it is connected or trying. */
  connect(): void;
  /** Closes the connection, and does not come back until `connect`. */
  disconnect(): void;
  /** Subscribes now, or as soon as it is connected; and again after every reconnect, until it is rejected. */
  subscribe(params: ChannelParams, events: ChannelEvents): CableSubscription;
}

export type ChannelParams = Readonly<Record<string, unknown>> & { readonly channel: string };
export type ChannelEvents = Pick<BaseMixin, 'connected' | 'rejected' | 'received'>;

export interface CableSubscription {
  /** As the library writes it, and servers repeat it. */
  readonly identifier: string;
  /** Sends a message whose data is JSON text already. False: not connected. */
  send(data: string): boolean;
  unsubscribe(): void;
}

const nothing = (): void => undefined;
if (!('addEventListener' in globalThis)) {
  Object.assign(globalThis, { addEventListener: nothing, removeEventListener: nothing });
}

/** Of the consumer that asked for its address last. */
let opener: OpenSocket | undefined;

/** What the library calls with `new`, and compares `readyState` with. */
function openForLibrary(url: string, protocols: string[]): CableSocket {
  if (opener === undefined) throw new Error('a socket that no consumer asked for');
  return opener(url, protocols);
}
const states = { CONNECTING: 0, OPEN: 1, CLOSING: 2, CLOSED: 3 };
actioncable.adapters.WebSocket = Object.assign(openForLibrary, states) as unknown as typeof WebSocket;

/** Left out of its types: sends one command. */
type SendingConsumer = Consumer & { send(command: object): boolean };

/** `url` begins with ws: or wss:. `open` must always give a socket, of a consumer that is over a closed one. */
export function openConsumer(url: string, open: OpenSocket): CableConsumer {
  const library = actioncable.createConsumer(() => {
    opener = open;
    return url;
  }) as SendingConsumer;
  return {
    connect: () => void library.connect(),
    disconnect: () => void library.disconnect(),
    subscribe(params, events) {
      const subscription: Subscription = library.subscriptions.create(params, events);
      const { identifier } = subscription;
      return {
        identifier,
        send: (data) => library.send({ command: 'message', identifier, data }),
        unsubscribe: () => void subscription.unsubscribe(),
      };
    },
  };
}
