/** WebRTC connections whose other end is the test: what the device sent is read, what it shall hear is said. */
import { type Frame, FrameReader, frameTypes } from '../../../../protocol/frames.js';
import { encodeMessage, type Message, type MessageOf } from '../../../../protocol/messages.js';
import type { Signal } from '../../../../protocol/signals.js';
import {
  decodeTerminalFrame,
  encodeTerminalFrame,
  type TerminalFrame,
} from '../../../../protocol/terminal-frames.js';
import { PROTOCOL_VERSION } from '../../../../protocol/version.js';
import type { Channel, OpenPeer, PeerLink, PeerListener, PeerStats } from '../../../../web/link/transport.js';

export const hubHello: MessageOf<'hello'> = {
  type: 'hello',
  protocol_version: PROTOCOL_VERSION,
  client: 'hub',
  version: '0.1.0',
};

type Request = MessageOf<'request'>;

export class FakePeer implements PeerLink {
  readonly listener: PeerListener;
  readonly accepted: Signal[] = [];
  readonly messages: (Message & object)[] = [];
  readonly terminal: TerminalFrame[] = [];
  /** Sizes of what was sent. */
  readonly sizes: number[] = [];
  bufferedBytes = 0;
  closed = false;
  /** Answers requests; undefined: the test does. */
  answer: ((request: Request) => unknown) | undefined;
  readonly #reader = new FrameReader();

  constructor(listener: PeerListener) {
    this.listener = listener;
  }

  accept(signal: Signal): void {
    this.accepted.push(signal);
  }

  send(message: Uint8Array): void {
    this.sizes.push(message.length);
    this.#reader.push(message, (frame) => this.#take(frame));
  }

  stats(): Promise<PeerStats> {
    return Promise.resolve({ path: 'host', sent_bytes: 1, received_bytes: 2 });
  }

  close(): void {
    this.closed = true;
  }

  /** Both channels open, and the hub greets. */
  open(): void {
    this.listener.opened();
    this.say(hubHello);
  }

  say(message: Message, channel: Channel = 'control'): void {
    if (!this.closed) this.listener.received(channel, encodeMessage(message));
  }

  event(name: string, data: unknown, channel: Channel = 'control'): void {
    this.say({ type: 'event', name, data: data as never }, channel);
  }

  output(attach: number, offset: number, text: string): void {
    this.frame({ type: 'output', attach, offset, bytes: new TextEncoder().encode(text) });
  }

  snapshot(attach: number, offset: number, text: string): void {
    this.frame({
      type: 'snapshot',
      attach,
      offset,
      rows: 24,
      cols: 80,
      bytes: new TextEncoder().encode(text),
    });
  }

  frame(frame: TerminalFrame): void {
    if (!this.closed) this.listener.received('bytes', encodeTerminalFrame(frame));
  }

  respond(id: number, value: unknown): void {
    this.say({ type: 'response', id, ok: true, value: value as never }, 'bytes');
  }

  refuse(id: number, code: string, message = 'no'): void {
    this.say({ type: 'response', id, ok: false, error: { code, message } });
  }

  requests(method?: string): Request[] {
    const all = this.messages.filter((message) => message.type === 'request');
    return method === undefined ? all : all.filter((request) => request.method === method);
  }

  get pings(): MessageOf<'dc_ping'>[] {
    return this.messages.filter((message) => message.type === 'dc_ping');
  }

  pong(id: number): void {
    this.say({ type: 'dc_pong', id, loop_age_ms: 1, queued_bytes: 3 });
  }

  #take({ type, payload }: Frame): void {
    if (type !== frameTypes.message) {
      this.terminal.push(decodeTerminalFrame(type, payload.slice()));
      return;
    }
    const message = JSON.parse(new TextDecoder().decode(payload)) as Message;
    this.messages.push(message);
    if (message.type !== 'request' || this.answer === undefined) return;
    const value = this.answer(message);
    if (value !== undefined) queueMicrotask(() => this.respond(message.id, value));
  }
}

export class FakePeers {
  readonly all: FakePeer[] = [];
  /** Set up each new one before it is used. */
  onOpen: (peer: FakePeer) => void = () => undefined;

  readonly open: OpenPeer = (_ice, listener) => {
    const peer = new FakePeer(listener);
    this.all.push(peer);
    this.onOpen(peer);
    queueMicrotask(() => {
      if (!peer.closed) listener.signal({ type: 'offer', sdp: 'offer' });
    });
    return peer;
  };

  get last(): FakePeer {
    const peer = this.all.at(-1);
    if (peer === undefined) throw new Error('no connection was opened');
    return peer;
  }
}
