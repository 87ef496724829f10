/**
 * One client of the relay: its subscriptions, what it may say, what waits for it.
 *
 * Whatever a client sends, or fails to read, ends at worst its own connection; what it said before that holds. When it is
 * gone, nothing of it is left.
 */

import type { Clock } from '../base/clock.js';
import type { Counters } from '../base/counters.js';
import type { Disposable } from '../base/scope.js';
import { TokenBucket } from '../base/token-bucket.js';
import type { SignalMessage, SignalSubscription } from '../protocol/signals.js';
import { SOCKET_OPEN, type Socket } from '../system/websocket.js';
import type { Allowance } from './allowance.js';
import {
  type Command,
  type DisconnectReason,
  readCommand,
  readSignal,
  readSubscription,
  serverMessages,
} from './cable-messages.js';
import type { RelayLimits } from './limits.js';
import type { Listener, Switchboard } from './switchboard.js';

export interface CableConnectionOptions {
  readonly allowance: Allowance;
  readonly switchboard: Switchboard;
  readonly limits: RelayLimits;
  readonly clock: Clock;
  readonly counters: Counters;
  /** Called once. */
  readonly onClosed: () => void;
}

interface Subscribed {
  readonly subscription: SignalSubscription;
  readonly listener: Listener;
}

/** Of the closing handshake. */
const NORMAL = 1000;
const RESTART = 1012;

export class CableConnection {
  readonly #socket: Socket;
  readonly #options: CableConnectionOptions;
  readonly #messages: TokenBucket;
  readonly #bytes: TokenBucket;
  /** By identifier. */
  readonly #subscribed = new Map<string, Subscribed>();
  #heardMs: number;
  /** Since when what is for it has been dropped. */
  #stalledMs: number | undefined;
  #closing: Disposable | undefined;

  /** Takes over an open socket and greets. */
  constructor(socket: Socket, options: CableConnectionOptions) {
    const { limits, clock, onClosed } = options;
    const nowMs = clock.nowMs();
    this.#socket = socket;
    this.#options = options;
    this.#messages = new TokenBucket(limits.messageRate, () => clock.nowMs());
    this.#bytes = new TokenBucket(limits.byteRate, () => clock.nowMs());
    this.#heardMs = nowMs;
    socket.on('message', (data: Buffer, isBinary: boolean) => this.#receive(data, isBinary));
    socket.on('ping', (data: Buffer) => void this.#allowed(data.length));
    socket.on('pong', (data: Buffer) => void this.#allowed(data.length));
    // Also after an error: a message that is too long, bytes that are no WebSocket.
    socket.on('error', () => options.counters.add('relay.dropped.broken'));
    socket.on('close', () => {
      this.#closing?.dispose();
      this.#closing = { dispose: () => undefined };
      for (const identifier of [...this.#subscribed.keys()]) this.#unsubscribe(identifier);
      onClosed();
    });
    this.#send(serverMessages.welcome());
  }

  /** Tells that the connection lives, and looks whether it does. */
  beat(): void {
    const { limits, clock, counters } = this.#options;
    const nowMs = clock.nowMs();
    if (nowMs - this.#heardMs >= limits.silentMs) return this.#drop('silent');
    if (!this.#isBehind) this.#stalledMs = undefined;
    else if (this.#stalledMs !== undefined && nowMs - this.#stalledMs >= limits.maxStalledMs)
      return this.#drop('slow');
    if (!this.#send(serverMessages.ping(clock.wallMs()))) counters.add('relay.unsent_pings');
    // Answered by the browser itself, unlike the one before.
    if (nowMs - this.#heardMs >= limits.silentMs / 2 && this.#open) this.#socket.ping();
  }

  /** Says why and hangs up; a client that stays is cut off. */
  disconnect(reason: DisconnectReason, reconnect: boolean): void {
    if (!this.#open) return;
    const { clock, limits } = this.#options;
    this.#send(serverMessages.disconnect(reason, reconnect));
    this.#closing = clock.after(limits.lingerMs, () => this.#socket.terminate());
    this.#socket.close(reason === 'server_restart' ? RESTART : NORMAL);
  }

  /** Bytes that wait for it. */
  get bufferedBytes(): number {
    return this.#socket.bufferedAmount;
  }

  /** Cuts it off if much waits for it. */
  dropIfBehind(): void {
    if (this.#isBehind) this.#drop('slow');
  }

  get #isBehind(): boolean {
    return this.#socket.bufferedAmount > this.#options.limits.maxBufferedBytes / 2;
  }

  get #open(): boolean {
    return this.#closing === undefined && this.#socket.readyState === SOCKET_OPEN;
  }

  #drop(why: 'slow' | 'silent'): void {
    this.#options.counters.add(`relay.dropped.${why}`);
    this.#socket.terminate();
  }

  /** Counts what came; false if it is too much, and the end of the connection. */
  #allowed(bytes: number): boolean {
    if (!this.#open) return false;
    const { clock, counters, allowance } = this.#options;
    const nowMs = clock.nowMs();
    this.#heardMs = nowMs;
    if (this.#messages.take() && this.#bytes.take(bytes) && allowance.mayReceive(bytes)) {
      return true;
    }
    counters.add('relay.dropped.rate_limit');
    this.disconnect('rate_limit', true);
    return false;
  }

  #receive(data: Buffer, isBinary: boolean): void {
    if (!this.#allowed(data.length)) return;
    const command = isBinary ? undefined : readCommand(data.toString('utf8'));
    if (command !== undefined) return this.#carryOut(command);
    this.#options.counters.add('relay.dropped.invalid_request');
    this.disconnect('invalid_request', false);
  }

  #carryOut(command: Command): void {
    switch (command.command) {
      case 'subscribe':
        return this.#subscribe(command.identifier);
      case 'unsubscribe':
        return this.#unsubscribe(command.identifier);
      case 'message':
        return this.#perform(command.identifier, command.data);
    }
  }

  #subscribe(identifier: string): void {
    // As Rails: it is confirmed already, and clients ask again until they see that.
    if (this.#subscribed.has(identifier)) return;
    const subscription = readSubscription(identifier);
    const refusal = subscription === undefined ? 'subscription' : this.#join(identifier, subscription);
    if (refusal === undefined) return void this.#send(serverMessages.confirm(identifier));
    this.#options.counters.add(`relay.refused.${refusal}`);
    this.#send(serverMessages.reject(identifier));
  }

  /** Why not, if not. */
  #join(identifier: string, subscription: SignalSubscription): string | undefined {
    const { switchboard, limits, allowance } = this.#options;
    if (this.#subscribed.size >= limits.maxSubscriptionsPerConnection) return 'connection_subscriptions';
    if (allowance.subscriptions >= limits.maxSubscriptionsPerAddress) return 'address_subscriptions';
    const listener: Listener = {
      address: allowance.address,
      hear: (message) => this.#hear(identifier, message),
      giveWay: () => this.#giveWay(identifier),
    };
    if (!switchboard.join(subscription, listener)) return 'listeners';
    this.#subscribed.set(identifier, { subscription, listener });
    allowance.subscriptions++;
    return undefined;
  }

  #giveWay(identifier: string): void {
    this.#options.counters.add('relay.dropped.gave_way');
    this.#unsubscribe(identifier);
    this.#send(serverMessages.reject(identifier));
  }

  #unsubscribe(identifier: string): void {
    const subscribed = this.#subscribed.get(identifier);
    if (subscribed === undefined) return;
    const { switchboard, allowance } = this.#options;
    this.#subscribed.delete(identifier);
    switchboard.leave(subscribed.subscription, subscribed.listener);
    allowance.subscriptions--;
  }

  #perform(identifier: string, data: string): void {
    const { switchboard, counters } = this.#options;
    const subscribed = this.#subscribed.get(identifier);
    const signal = readSignal(data);
    // Nobody is told why: a client that speaks the protocol does not send such.
    if (subscribed === undefined) counters.add('relay.ignored.not_subscribed');
    else if (signal === undefined || !switchboard.signal(subscribed.subscription, signal))
      counters.add('relay.ignored.no_signal');
  }

  #hear(identifier: string, message: SignalMessage): void {
    if (!this.#send(serverMessages.message(identifier, message)))
      this.#options.counters.add('relay.unsent_signals');
  }

  /** False: it is not sent, because the client does not read, or is gone. */
  #send(text: string): boolean {
    const { limits, clock } = this.#options;
    if (!this.#open) return false;
    if (this.#socket.bufferedAmount + text.length > limits.maxBufferedBytes) {
      this.#stalledMs ??= clock.nowMs();
      return false;
    }
    this.#socket.send(text);
    return true;
  }
}
