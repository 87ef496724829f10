/**
 * The server's end of one connection on a unix socket: greeting, frames in, requests in flight, answers, events, close.
 *
 * Whatever a client sends, or fails to read, ends at worst this connection, with a coded error as its last message where
 * the client still listens. Every request gets one answer at most. Requests are passed on unchecked beyond their shape.
 */
import type { Socket } from 'node:net';
import type { Clock } from '../base/clock.js';
import { fail, type HubError, isHubError, messageOf } from '../base/errors.js';
import type { Disposable } from '../base/scope.js';
import { type Frame, FrameReader, frameTypes } from '../protocol/frames.js';
import {
  clientMessages,
  decodeMessage,
  encodeMessage,
  type Hello,
  type Message,
  type MessageOf,
  type Response,
  wireError,
} from '../protocol/messages.js';

export interface ServerConnectionOptions {
  readonly hello: Omit<Hello, 'type'>;
  /** What the server is called in messages: `hub`, `session host`. */
  readonly serverName: string;
  readonly clock: Clock;
  readonly limits: {
    /** A request beyond this is answered with `tooManyRequestsCode`. */
    readonly maxInFlight: number;
    /** Largest frame a client may send. */
    readonly maxFrameBytes: number;
    /** Largest message that it is sent. Default: the protocol's. */
    readonly maxSentBytes?: number;
    /** With more waiting, the next message ends the connection with `slowClient`. */
    readonly maxQueuedBytes: number;
    readonly helloMs: number;
    readonly lingerMs: number;
  };
  readonly tooManyRequestsCode: string;
  readonly slowClient: (maxQueuedBytes: number) => HubError;
  /** Whether a slow client is cut off at once, instead of being told and given `lingerMs`. */
  readonly cutsOffSlow: boolean;
  /** Why this client is not served. */
  readonly refuses: (hello: Hello) => HubError | undefined;
  readonly onHello: (hello: Hello) => void;
  /** `payload` is its frame's. */
  readonly onRequest: (request: MessageOf<'request'>, payload: Uint8Array) => void;
  /** Input or credit, not decoded. */
  readonly onTerminal: (frame: Frame) => void;
  /** A bug of ours: gives what to tell the client, or throws. */
  readonly onBug: (thrown: unknown) => HubError;
  /** What waited for the client has gone out. */
  readonly onDrain: () => void;
  /** This end hangs up: nothing more is taken from the client. Called once at most. */
  readonly onClosing?: () => void;
  /** Called once, whatever the reason. `error`: the one that ended it, if one did. */
  readonly onClosed: (reason: string, error: HubError | undefined) => void;
}

/** What a client may send. */
const acceptedTypes = [frameTypes.message, frameTypes.input, frameTypes.credit];
type ClientMessage = MessageOf<(typeof clientMessages)[number]>;

export class ServerConnection {
  readonly #socket: Socket;
  readonly #options: ServerConnectionOptions;
  readonly #reader: FrameReader;
  readonly #inFlight = new Set<number>();
  #state: 'greeting' | 'open' | 'closing' = 'greeting';
  #reason = 'closed by the client';
  #error: HubError | undefined;
  #timer: Disposable;
  /** Of what waits for the client: what `send` sent. */
  #sentBytes = 0;

  /** Takes over an accepted socket and greets. */
  constructor(socket: Socket, options: ServerConnectionOptions) {
    const { hello, limits, clock } = options;
    this.#socket = socket;
    this.#options = options;
    this.#reader = new FrameReader({ maxFrameBytes: limits.maxFrameBytes, types: acceptedTypes });
    this.#timer = clock.after(limits.helloMs, () =>
      this.close(fail('protocol.hello_timeout', `No hello came within ${limits.helloMs / 1000} s.`)),
    );
    socket.on('data', (chunk) => this.#receive(chunk));
    socket.on('drain', () => {
      if (this.#state === 'open') options.onDrain();
    });
    socket.on('error', (error) => {
      if (this.#state !== 'closing') this.#reason = error.message;
    });
    socket.on('close', () => {
      this.#state = 'closing';
      this.#timer.dispose();
      options.onClosed(this.#reason, this.#error);
    });
    this.#send({ type: 'hello', ...hello });
  }

  /** Whether the client has greeted and is not being closed. */
  protected get open(): boolean {
    return this.#state === 'open';
  }

  /** A frame whose sender bounds what waits: a client that reads it slowly is not slow to read messages. */
  send(frame: Uint8Array): void {
    if (this.#state !== 'open') return;
    this.#sentBytes += frame.length;
    this.#socket.write(frame, () => {
      this.#sentBytes -= frame.length;
    });
  }

  /** Tells a fact. Errors: protocol.frame_too_large. */
  event({ name, data }: Omit<MessageOf<'event'>, 'type'>): void {
    if (this.#state === 'open') this.#send({ type: 'event', name, data });
  }

  /** A message that is encoded already, for those that go to many. */
  sendEncoded(message: Uint8Array): void {
    if (this.#state === 'open') this.#write(message);
  }

  /** Answers an open request; one that is not open is ignored. */
  respond(answer: Omit<Response, 'type'>): void {
    if (!this.settle(answer.id)) return;
    try {
      this.#send({ type: 'response', ...answer });
    } catch (thrown) {
      // Too large for a frame, or even for a string.
      const why = `The answer is too large to send. ${messageOf(thrown)}`;
      this.#refuse(answer.id, fail('protocol.response_too_large', why));
    }
  }

  /** For an answer that goes another way than `respond`. False: the request is not open. */
  protected settle(id: number): boolean {
    return this.#inFlight.delete(id);
  }

  /** Says why, if there is a reason to say, and hangs up once the client has read what waits for it. */
  close(error?: HubError): void {
    if (this.#state === 'closing') return;
    const { clock, cutsOffSlow, limits, onClosing, serverName, slowClient } = this.#options;
    const cutOff = error !== undefined && cutsOffSlow && this.#isSlow();
    this.#error = cutOff ? slowClient(limits.maxQueuedBytes) : error;
    this.#reason = this.#error?.message ?? `closed by the ${serverName}`;
    if (error !== undefined)
      this.#socket.write(encodeMessage({ type: 'error', ...wireError(error) }, limits.maxSentBytes));
    this.#state = 'closing';
    onClosing?.();
    this.#socket.end();
    this.#timer.dispose();
    this.#timer = clock.after(limits.lingerMs, () => this.#socket.destroy());
    if (cutOff) this.#socket.destroy();
  }

  #receive(chunk: Uint8Array): void {
    if (this.#state === 'closing') return;
    try {
      this.#reader.push(chunk, (frame) => this.#handle(frame));
    } catch (thrown) {
      this.close(isHubError(thrown) ? thrown : this.#options.onBug(thrown));
    }
  }

  #handle(frame: Frame): void {
    if (this.#state === 'closing') return;
    const { type, payload } = frame;
    const message = type === frameTypes.message ? decodeMessage(payload, clientMessages) : undefined;
    if (this.#state === 'greeting') this.#handleHello(message);
    else if (message === undefined) this.#options.onTerminal(frame);
    else this.#handleRequest(message, payload);
  }

  #handleHello(message: ClientMessage | undefined): void {
    if (message?.type !== 'hello') throw fail('protocol.hello_expected', 'The first message must be hello.');
    const refusal = this.#options.refuses(message);
    if (refusal !== undefined) throw refusal;
    this.#timer.dispose();
    this.#state = 'open';
    this.#options.onHello(message);
  }

  #handleRequest(message: ClientMessage, payload: Uint8Array): void {
    if (message.type !== 'request') throw fail('protocol.message_invalid', 'hello was said already.');
    const { id } = message;
    const { limits, tooManyRequestsCode, onRequest } = this.#options;
    if (this.#inFlight.has(id)) throw fail('protocol.message_invalid', `Request ${id} is still open.`);
    if (this.#inFlight.size >= limits.maxInFlight) {
      const why = `More than ${limits.maxInFlight} requests are open. Wait for answers.`;
      return this.#refuse(id, fail(tooManyRequestsCode, why));
    }
    this.#inFlight.add(id);
    onRequest(message, payload);
  }

  #refuse(id: number, error: HubError): void {
    this.#send({ type: 'response', id, ok: false, error: wireError(error) });
  }

  #send(message: Message): void {
    if (this.#state === 'closing' || this.#socket.destroyed) return;
    this.#write(encodeMessage(message, this.#options.limits.maxSentBytes));
  }

  #write(bytes: Uint8Array): void {
    if (this.#isSlow()) this.close(this.#options.slowClient(this.#options.limits.maxQueuedBytes));
    else this.#socket.write(bytes);
  }

  #isSlow(): boolean {
    return this.#socket.writableLength - this.#sentBytes > this.#options.limits.maxQueuedBytes;
  }
}
