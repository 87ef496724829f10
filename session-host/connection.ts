/**
 * One connection to the session host: greeting with the token, requests, terminal frames, answers and events.
 *
 * Whatever a client sends, or fails to read, ends at worst this connection, with a coded error as its last message where
 * the client still listens. Output stops while its socket is full; answers and events beyond a bound close it.
 */
import { createHash, timingSafeEqual } from 'node:crypto';
import type { Socket } from 'node:net';
import type { Clock } from '../base/clock.js';
import { fail, HubError, messageOf } from '../base/errors.js';
import type { Disposable } from '../base/scope.js';
import { type Frame, FrameReader, frameTypes } from '../protocol/frames.js';
import type { HostEvent } from '../protocol/host-events.js';
import { hostVersionMismatch } from '../protocol/host-methods.js';
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
import { decodeTerminalFrame, type TerminalFrame } from '../protocol/terminal-frames.js';
import type { HostLimits } from './limits.js';

export interface ConnectionOptions {
  readonly hello: Omit<Hello, 'type'>;
  /** What a client must present. */
  readonly token: string;
  readonly limits: HostLimits;
  readonly clock: Clock;
  readonly onHello: (hello: Hello) => void;
  readonly onRequest: (request: MessageOf<'request'>) => void;
  /** Input or credit. */
  readonly onTerminal: (frame: TerminalFrame) => void;
  /** A bug of ours: gives what to tell the client. */
  readonly onBug: (thrown: unknown) => HubError;
  /** It takes output again. */
  readonly onWritable: () => void;
  /** Called once. `code` of the error that ended it, if one did. */
  readonly onClosed: (reason: string, code: string | undefined) => void;
}

type State = 'greeting' | 'open' | 'closing';

/** What a client may send. */
const acceptedTypes = [frameTypes.message, frameTypes.input, frameTypes.credit];

export class Connection {
  readonly #socket: Socket;
  readonly #options: ConnectionOptions;
  readonly #reader: FrameReader;
  readonly #inFlight = new Set<number>();
  #state: State = 'greeting';
  #reason = 'closed by the client';
  #code: string | undefined;
  #timer: Disposable;

  /** Takes over an accepted socket and greets. */
  constructor(socket: Socket, options: ConnectionOptions) {
    this.#socket = socket;
    this.#options = options;
    this.#reader = new FrameReader({ maxFrameBytes: options.limits.maxFrameBytes, types: acceptedTypes });
    this.#timer = options.clock.after(options.limits.helloMs, () =>
      this.close(helloTimeout(options.limits.helloMs)),
    );
    socket.on('data', (chunk) => this.#receive(chunk));
    socket.on('drain', () => {
      if (this.#state === 'open') options.onWritable();
    });
    socket.on('error', (error) => {
      if (this.#state !== 'closing') this.#reason = error.message;
    });
    socket.on('close', () => {
      this.#state = 'closing';
      this.#timer.dispose();
      options.onClosed(this.#reason, this.#code);
    });
    this.#send({ type: 'hello', ...options.hello });
  }

  /** Whether it takes output and snapshots now; `onWritable` follows when it does not. */
  get writable(): boolean {
    return this.#state === 'open' && this.#socket.writableLength <= this.#options.limits.maxQueuedOutputBytes;
  }

  /** A terminal frame, made by encodeTerminalFrame. */
  send(frame: Uint8Array): void {
    if (this.#state === 'open') this.#socket.write(frame);
  }

  event(event: HostEvent): void {
    if (this.#state === 'open')
      this.#send({ type: 'event', name: event.name, data: event.data as MessageOf<'event'>['data'] });
  }

  /** An event that is encoded already, for those that go to many. */
  sendEncoded(message: Uint8Array): void {
    if (this.#state === 'open') this.#write(message);
  }

  /** Answers an open request; one that is not open is ignored. */
  respond(answer: Omit<Response, 'type'>): void {
    if (!this.#inFlight.delete(answer.id)) return;
    try {
      this.#send({ type: 'response', ...answer });
    } catch (thrown) {
      // Too large for a frame, or even for a string.
      const error = fail(
        'protocol.response_too_large',
        `The answer is too large to send. ${messageOf(thrown)}`,
      );
      this.#send({ type: 'response', id: answer.id, ok: false, error: wireError(error) });
    }
  }

  /** Says why, if there is a reason to say, and hangs up once the client has read what waits for it. */
  close(error?: HubError): void {
    if (this.#state === 'closing') return;
    this.#reason = error === undefined ? 'closed by the session host' : error.message;
    this.#code = error?.code;
    this.#state = 'closing';
    if (error !== undefined) this.#socket.write(encodeMessage({ type: 'error', ...wireError(error) }));
    this.#socket.end();
    this.#timer.dispose();
    this.#timer = this.#options.clock.after(this.#options.limits.lingerMs, () => this.#socket.destroy());
  }

  #receive(chunk: Uint8Array): void {
    if (this.#state === 'closing') return;
    try {
      this.#reader.push(chunk, (frame) => this.#handle(frame));
    } catch (thrown) {
      this.close(thrown instanceof HubError ? thrown : this.#options.onBug(thrown));
    }
  }

  #handle({ type, payload }: Frame): void {
    if (this.#state === 'closing') return;
    if (type === frameTypes.message) {
      const message = decodeMessage(payload, clientMessages);
      if (this.#state === 'greeting') this.#handleHello(message);
      else this.#handleRequest(message);
      return;
    }
    if (this.#state === 'greeting') throw helloExpected();
    this.#options.onTerminal(decodeTerminalFrame(type, payload));
  }

  #handleHello(message: MessageOf<'hello' | 'request'>): void {
    if (message.type !== 'hello') throw helloExpected();
    // The version first: a client of another one may not know of tokens.
    const problem = hostVersionMismatch(this.#options.hello, message);
    if (problem !== undefined) throw problem;
    if (!sameSecret(message.token ?? '', this.#options.token)) throw notAuthorized();
    this.#timer.dispose();
    this.#state = 'open';
    this.#options.onHello(message);
  }

  #handleRequest(message: MessageOf<'hello' | 'request'>): void {
    if (message.type !== 'request') throw fail('protocol.message_invalid', 'hello was said already.');
    const { id } = message;
    const { maxInFlight } = this.#options.limits;
    if (this.#inFlight.has(id)) throw fail('protocol.message_invalid', `Request ${id} is still open.`);
    if (this.#inFlight.size >= maxInFlight) {
      const error = fail(
        'host.too_many_requests',
        `More than ${maxInFlight} requests are open. Wait for answers.`,
      );
      this.#send({ type: 'response', id, ok: false, error: wireError(error) });
      return;
    }
    this.#inFlight.add(id);
    this.#options.onRequest(message);
  }

  #send(message: Message): void {
    if (this.#state !== 'closing') this.#write(encodeMessage(message));
  }

  #write(bytes: Uint8Array): void {
    const { maxQueuedBytes } = this.#options.limits;
    if (this.#socket.writableLength > maxQueuedBytes) this.close(slowClient(maxQueuedBytes));
    else this.#socket.write(bytes);
  }
}

/** Compares in a time that tells nothing about where they differ. */
function sameSecret(given: string, expected: string): boolean {
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(given), digest(expected));
}

function helloTimeout(helloMs: number): HubError {
  return fail('protocol.hello_timeout', `No hello came within ${helloMs / 1000} s.`);
}

function helloExpected(): HubError {
  return fail('protocol.hello_expected', 'The first message must be hello.');
}

function notAuthorized(): HubError {
  return fail(
    'host.not_authorized',
    "The token in the hello is not this session host's. It is in host.token, in the hub's state folder.",
  );
}

function slowClient(maxBytes: number): HubError {
  return fail(
    'host.slow_client',
    `More than ${maxBytes} bytes wait for this client, which does not read them. Connect again and ask for the list.`,
    { max_bytes: maxBytes },
  );
}
