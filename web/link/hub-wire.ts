/**
 * What is said over an open path: frames of both channels to messages and terminal frames, requests and answers, pings.
 *
 * Whatever a hub sends wrong ends this connection with a coded error, and nothing else. Events and terminal frames are
 * handed on in the order of their channel.
 */
import { type HubError, isHubError } from '../../base/errors.js';
import { Client } from '../../protocol/client.js';
import { type Frame, FrameReader, frameTypes } from '../../protocol/frames.js';
import { hostMethods } from '../../protocol/host-methods.js';
import {
  decodeMessage,
  encodeMessage,
  type Hello,
  type Message,
  type MessageOf,
} from '../../protocol/messages.js';
import { methods } from '../../protocol/methods.js';
import type { PeerMethod } from '../../protocol/peers.js';
import { encodeTerminalFrame, type TerminalFrame } from '../../protocol/terminal-frames.js';
import { versionMismatch } from '../../protocol/version.js';
import { SendQueue } from './send-queue.js';
import type { Channel, PeerLink } from './transport.js';
import type { ParamsOf, ValueOf } from './types.js';

/** All methods of hub and session host; which of them a device may use, the hub decides. */
const allMethods = { ...methods, ...hostMethods } as const;
/** On `control` nothing large comes. */
const MAX_CONTROL_FRAME_BYTES = 1024 * 1024;

export interface WireListener {
  event(event: MessageOf<'event'>): void;
  terminal(frame: TerminalFrame): void;
  pong(pong: MessageOf<'dc_pong'>): void;
  /** A plugin's message. */
  app(message: MessageOf<'app'>): void;
  /** Anything came at all. */
  heard(): void;
  /** It is over, because of what the hub said or of how it said it. Called once; not after `closed()`. */
  ended(error: HubError): void;
}

export class HubWire {
  readonly greeted: Promise<Hello>;
  readonly #queue: SendQueue;
  readonly #client: Client<typeof allMethods>;
  readonly #listener: WireListener;
  readonly #readers: Readonly<Record<Channel, FrameReader>> = {
    control: new FrameReader({ maxFrameBytes: MAX_CONTROL_FRAME_BYTES }),
    bytes: new FrameReader(),
  };
  #over = false;

  /** Greets at once: both channels are open. */
  constructor(peer: PeerLink, hello: Omit<Hello, 'type'>, listener: WireListener) {
    this.#listener = listener;
    this.#queue = new SendQueue(peer);
    this.#client = new Client({
      methods: allMethods,
      hello,
      mismatch: (hub, own) => versionMismatch(hub, own),
      serverName: 'hub',
      send: (bytes) => this.#queue.push(bytes),
      close: () => undefined,
      onEvent: (event) => contained(() => listener.event(event)),
      onTerminal: (frame) => contained(() => listener.terminal(frame)),
    });
    this.greeted = this.#client.greeted;
  }

  /** More is waiting than should: nothing may be added that is not needed. */
  get full(): boolean {
    return this.#queue.full;
  }

  /** Asks. Rejects with the hub's coded error, or `hub.connection_lost`. */
  request<M extends PeerMethod>(method: M, params: ParamsOf<M>): Promise<ValueOf<M>> {
    return this.#client.request(method, params);
  }

  /** Of the request that was made last: its progress is told under it. */
  get lastRequestId(): number {
    return this.#client.lastRequestId;
  }

  sendInput(attach: number, bytes: Uint8Array): void {
    if (!this.#over) this.#queue.push(encodeTerminalFrame({ type: 'input', attach, bytes }));
  }

  sendCredit(attach: number, bytes_count: number): void {
    const frame = encodeTerminalFrame({ type: 'credit', attach, bytes_count });
    if (!this.#over) this.#queue.push(frame, { urgent: true });
  }

  ping(id: number): void {
    this.#sendUrgent({ type: 'dc_ping', id });
  }

  drained(): void {
    if (!this.#over) this.#queue.pump();
  }

  receive(channel: Channel, message: Uint8Array): void {
    if (this.#over) return;
    this.#listener.heard();
    try {
      this.#readers[channel].push(message, (frame) => this.#take(frame));
    } catch (thrown) {
      if (!isHubError(thrown)) throw thrown;
      this.#end(thrown);
    }
  }

  /** The path is gone: open requests fail with hub.connection_lost. */
  closed(): void {
    this.#over = true;
    this.#client.closed();
  }

  #take(frame: Frame): void {
    if (this.#over) return;
    const message = frame.type === frameTypes.message ? peerMessage(frame.payload) : undefined;
    if (message === undefined) this.#client.receiveFrame(frame);
    else if (message.type === 'dc_pong') this.#listener.pong(message);
    else if (message.type === 'app') contained(() => this.#listener.app(message));
    else
      this.#sendUrgent({
        type: 'dc_pong',
        id: message.id,
        loop_age_ms: 0,
        queued_bytes: this.#queue.queuedBytes,
      });
    const { ended } = this.#client;
    if (ended !== undefined) this.#end(ended);
  }

  #sendUrgent(message: Message): void {
    if (!this.#over) this.#queue.push(encodeMessage(message), { urgent: true });
  }

  #end(error: HubError): void {
    if (this.#over) return;
    this.closed();
    this.#listener.ended(error);
  }
}

/** A bug of the page must not cut a frame's neighbours off: it is reported, and the stream goes on. */
function contained(work: () => void): void {
  try {
    work();
  } catch (thrown) {
    queueMicrotask(() => {
      throw thrown;
    });
  }
}

const ownTypes = ['dc_ping', 'dc_pong', 'app'] as const;
const heads = ownTypes.map((type) => new TextEncoder().encode(`{"type":"${type}"`));

/** A message that only peers send; found by its first bytes, where every encoder of ours puts the type. */
function peerMessage(payload: Uint8Array): MessageOf<(typeof ownTypes)[number]> | undefined {
  const isOwn = heads.some((head) => head.every((byte, index) => payload[index] === byte));
  return isOwn ? decodeMessage(payload, ownTypes) : undefined;
}
