/**
 * One connection to an Action Cable server, and what is subscribed on it, until it is closed or the server ends it.
 *
 * The library (consumer.ts) speaks the protocol: it subscribes, repeats what is not confirmed, and subscribes again
 * after a reconnect. Here is what it leaves to others: an early reconnect with back-off, messages that wait, and facts.
 * Keeps true: `connected` and `disconnected` are told by turns, and a first attempt that fails counts as disconnected;
 * after `ended` nothing more is told, and no socket or timer is left.
 */
import type { Clock } from '../../base/clock.js';
import type { Disposable } from '../../base/scope.js';
import type { LuaValue } from '../../base/values.js';
import { type ClientSocketClass, clientSocketClass } from '../../system/websocket.js';
import type { CableEvent } from './action_cable.calls.js';
import { Backoff } from './backoff.js';
import { CableSocket } from './cable-socket.js';
import { Channel, SendQueue } from './channel.js';
import { type CableConsumer, type ChannelParams, openConsumer } from './consumer.js';
import type { CableMessage } from './incoming.js';
import { HANDSHAKE_MS, MAX_MESSAGE_BYTES, MAX_QUEUED, MAX_QUEUED_BYTES } from './limits.js';

export interface CableConnectionOptions {
  readonly conn: string;
  readonly clock: Clock;
  readonly tell: (event: CableEvent) => void;
  /** Adds to a count that people see. */
  readonly count: (fact: CountedFact, amount?: number) => void;
}

export type CountedFact = 'malformed' | 'perform_dropped' | 'reconnect_attempts';

export class CableConnection {
  readonly #options: CableConnectionOptions;
  /** By identifier as subscribed. */
  readonly #channels = new Map<string, Channel>();
  readonly #queue = new SendQueue({ messages: MAX_QUEUED, bytes: MAX_QUEUED_BYTES });
  readonly #backoff: Backoff;
  #consumer: CableConsumer | undefined;
  #socket: CableSocket | undefined;
  #retry: Disposable | undefined;
  /** What was told last. */
  #state: 'new' | 'connected' | 'disconnected' | 'ended' = 'new';
  #refused = false;
  #held = false;

  constructor(options: CableConnectionOptions) {
    this.#options = options;
    this.#backoff = new Backoff(options.clock);
  }

  /** Connects. Once. */
  address(url: string): void {
    if (this.#consumer !== undefined || this.#state === 'ended') return;
    const socketClass = clientSocketClass({
      maxMessageBytes: MAX_MESSAGE_BYTES,
      handshakeMs: HANDSHAKE_MS,
      origin: originOf(url),
    });
    this.#consumer = openConsumer(url, (address, protocols) => this.#open(socketClass, address, protocols));
    this.#consumer.connect();
    for (const [identifier, channel] of this.#channels) this.#subscribe(identifier, channel);
  }

  subscribe(id: number, identifier: string): void {
    const known = this.#channels.get(identifier);
    if (known !== undefined) {
      known.ids.add(id);
      if (known.confirmed) this.#tellSubscribed(id, false);
      return;
    }
    const channel = new Channel();
    channel.ids.add(id);
    this.#channels.set(identifier, channel);
    this.#subscribe(identifier, channel);
  }

  unsubscribe(id: number): void {
    const [identifier, channel] = this.#find(id) ?? [];
    if (identifier === undefined || channel === undefined) return;
    channel.ids.delete(id);
    if (channel.ids.size > 0) return;
    this.#forget(identifier, channel);
    channel.subscription?.unsubscribe();
  }

  /** Sends `data`, now or when the channel is confirmed. */
  perform(id: number, data: string): void {
    const [, channel] = this.#find(id) ?? [];
    if (channel === undefined) return this.#options.count('perform_dropped');
    if (channel.confirmed) return this.#send(channel, data);
    this.#options.count('perform_dropped', this.#queue.push(channel, data));
  }

  /** Stops reading, and goes on. */
  hold(held: boolean): void {
    this.#held = held;
    this.#socket?.hold(held);
  }

  close(): void {
    this.#state = 'ended';
    this.#retry?.dispose();
    this.#consumer?.disconnect();
    // The library leaves alone what is still connecting.
    this.#socket?.close();
  }

  #open(socketClass: ClientSocketClass, url: string, protocols: string[]): CableSocket {
    // The library gives up a stale socket without waiting for its end.
    this.#socket?.drop('the server fell silent');
    this.#retry?.dispose();
    const socket: CableSocket = new CableSocket(
      new socketClass(url, protocols),
      this.#options.clock,
      this.#held,
      {
        heard: (message) => this.#heard(message),
        malformed: () => this.#options.count('malformed'),
        closed: (reason) => this.#closed(socket, reason),
      },
    );
    this.#socket = socket;
    // A timer of the library may come late. It starts to watch its new socket after this.
    if (this.#state === 'ended') {
      socket.close();
      queueMicrotask(() => this.#consumer?.disconnect());
    }
    return socket;
  }

  #heard(message: CableMessage): void {
    if (message.type === 'disconnect') this.#refused = !message.reconnect;
    if (message.type !== 'welcome' || this.#state === 'ended') return;
    this.#backoff.connected();
    this.#state = 'connected';
    this.#options.tell({ type: 'action_cable.connected', conn: this.#options.conn });
  }

  #closed(socket: CableSocket, reason: string): void {
    if (socket !== this.#socket) return;
    this.#socket = undefined;
    if (this.#state === 'ended') return;
    for (const channel of this.#channels.values()) channel.confirmed = false;
    const { conn, clock, tell, count } = this.#options;
    if (this.#refused) {
      this.close();
      tell({ type: 'action_cable.disconnected', conn, reason, will_reconnect: false });
      return;
    }
    if (this.#state !== 'disconnected') {
      this.#state = 'disconnected';
      tell({ type: 'action_cable.disconnected', conn, reason, will_reconnect: true });
    }
    this.#retry?.dispose();
    this.#retry = clock.after(this.#backoff.next(), () => {
      count('reconnect_attempts');
      this.#consumer?.connect();
    });
  }

  #subscribe(identifier: string, channel: Channel): void {
    // The hub wrote the identifier: an object with the name of a channel.
    const params = JSON.parse(identifier) as ChannelParams;
    channel.subscription = this.#consumer?.subscribe(params, {
      connected: () => this.#confirmed(channel),
      rejected: () => this.#rejected(identifier, channel),
      received: (message: unknown) => this.#received(channel, message),
    });
  }

  #confirmed(channel: Channel): void {
    // A server may say so twice.
    if (channel.confirmed) return;
    channel.confirmed = true;
    for (const id of channel.ids) this.#tellSubscribed(id, channel.known);
    channel.known = true;
    for (const data of this.#queue.take(channel)) this.#send(channel, data);
  }

  #rejected(identifier: string, channel: Channel): void {
    this.#forget(identifier, channel);
    const { conn, tell } = this.#options;
    for (const channel_id of channel.ids) tell({ type: 'action_cable.rejected', conn, channel_id });
  }

  #received(channel: Channel, message: unknown): void {
    const { conn, tell } = this.#options;
    for (const channel_id of channel.ids) {
      tell({ type: 'action_cable.received', conn, channel_id, message: message as LuaValue });
    }
  }

  #tellSubscribed(channel_id: number, again: boolean): void {
    const { conn, tell } = this.#options;
    tell({ type: 'action_cable.subscribed', conn, channel_id, again });
  }

  #send(channel: Channel, data: string): void {
    const sent = this.#socket?.congested !== true && channel.subscription?.send(data) === true;
    if (!sent) this.#options.count('perform_dropped');
  }

  #forget(identifier: string, channel: Channel): void {
    this.#channels.delete(identifier);
    this.#options.count('perform_dropped', this.#queue.take(channel).length);
  }

  #find(id: number): readonly [string, Channel] | undefined {
    for (const entry of this.#channels) if (entry[1].ids.has(id)) return entry;
    return undefined;
  }
}

/** As a page of the same server has it, which is what servers accept. */
function originOf(url: string): string {
  const { protocol, host } = new URL(url);
  return `${protocol === 'wss:' ? 'https' : 'http'}://${host}`;
}
