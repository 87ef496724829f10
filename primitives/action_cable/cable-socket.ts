/**
 * One WebSocket as @rails/actioncable wants it, between the real one and the library.
 *
 * Keeps true: the library sees well-formed messages only, and no second welcome, so nothing a server sends makes it
 * throw; the watcher hears everything first, and of the end exactly once, at the latest GOODBYE_MS after `close`; a
 * server that falls silent, or never greets, is left after STALE_MS or HANDSHAKE_MS, except while it is not read.
 */
import type { Clock } from '../../base/clock.js';
import { messageOf } from '../../base/errors.js';
import type { Disposable } from '../../base/scope.js';
import { SOCKET_OPEN, type Socket } from '../../system/websocket.js';
import { type CableMessage, readCableMessage, shown } from './incoming.js';
import { GOODBYE_MS, HANDSHAKE_MS, MAX_UNSENT_BYTES, STALE_MS } from './limits.js';

const PROTOCOL = 'actioncable-v1-json';

export interface SocketWatcher {
  heard(message: CableMessage): void;
  /** It was not Action Cable. Nobody else hears of it. */
  malformed(): void;
  closed(reason: string): void;
}

type Handler = ((event: { readonly data?: unknown }) => void) | null;

export class CableSocket {
  onopen: Handler = null;
  onmessage: Handler = null;
  onclose: Handler = null;
  onerror: Handler = null;
  readonly #socket: Socket;
  readonly #clock: Clock;
  readonly #watcher: SocketWatcher;
  #deadline: Disposable;
  #goodbye: Disposable | undefined;
  #welcomed = false;
  #paused: boolean;
  #closed = false;
  /** Why it ends, as soon as that is known; the close event itself knows less. */
  #reason: string | undefined;

  constructor(socket: Socket, clock: Clock, paused: boolean, watcher: SocketWatcher) {
    this.#socket = socket;
    this.#clock = clock;
    this.#watcher = watcher;
    this.#paused = paused;
    this.#deadline = this.#within(HANDSHAKE_MS, 'the server does not greet');
    socket.on('error', (error) => {
      this.#reason ??= shown(messageOf(error) || ((error as { code?: string }).code ?? 'no connection'));
    });
    socket.on('open', () => {
      if (socket.protocol !== PROTOCOL) return this.drop(`the server does not speak ${PROTOCOL}`);
      if (this.#paused) socket.pause();
      this.onopen?.({});
    });
    socket.on('message', (data, isBinary) => this.#receive(isBinary ? undefined : textOf(data)));
    socket.on('close', (code) => {
      this.#reason ??= code === 1006 ? 'the connection broke' : `the server closed the connection (${code})`;
      this.#end();
    });
  }

  get readyState(): number {
    return this.#closed ? this.#socket.CLOSED : this.#socket.readyState;
  }

  get protocol(): string {
    return this.#socket.protocol;
  }

  /** A server that does not read is sent no more. */
  get congested(): boolean {
    return this.#socket.bufferedAmount > MAX_UNSENT_BYTES;
  }

  send(text: string): void {
    this.#socket.send(text);
  }

  /** The library closes when the server told it to, or when it finds it silent before we do. */
  close(): void {
    this.#reason ??= 'the server fell silent';
    if (this.#socket.readyState !== SOCKET_OPEN) return this.drop(this.#reason);
    this.#goodbye ??= this.#clock.after(GOODBYE_MS, () => this.drop('closed'));
    this.#socket.close();
  }

  /** Ends it now: the other side may be gone. */
  drop(reason: string): void {
    this.#reason ??= reason;
    this.#socket.terminate();
    this.#end();
  }

  /** What has been read already still comes. */
  hold(held: boolean): void {
    this.#paused = held;
    if (this.#socket.readyState === SOCKET_OPEN) held ? this.#socket.pause() : this.#socket.resume();
    if (held) this.#deadline.dispose();
    else this.#rearm();
  }

  #receive(text: string | undefined): void {
    if (this.#closed) return;
    const message = text === undefined ? undefined : readCableMessage(text);
    if (message === undefined || (message.type === 'welcome' && this.#welcomed)) {
      this.#watcher.malformed();
      return;
    }
    if (message.type === 'welcome') this.#welcomed = true;
    if (message.type === 'disconnect') this.#reason ??= message.reason;
    if (!this.#paused) this.#rearm();
    this.#watcher.heard(message);
    this.onmessage?.({ data: text });
  }

  /** Who has greeted must go on speaking. */
  #rearm(): void {
    this.#deadline.dispose();
    this.#deadline = this.#welcomed
      ? this.#within(STALE_MS, 'the server fell silent')
      : this.#within(HANDSHAKE_MS, 'the server does not greet');
  }

  #within(ms: number, otherwise: string): Disposable {
    return this.#clock.after(ms, () => this.drop(otherwise));
  }

  #end(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#deadline.dispose();
    this.#goodbye?.dispose();
    this.#watcher.closed(this.#reason ?? 'closed');
    this.onclose?.({});
  }
}

function textOf(data: Buffer | ArrayBuffer | readonly Buffer[]): string {
  return Buffer.isBuffer(data) ? data.toString('utf8') : '';
}
