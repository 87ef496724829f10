/**
 * One connection to the hub's socket: greeting, requests in, answers out. What is about sessions goes to the session
 * host, by the client's own relay.
 *
 * Whatever a client sends, or fails to read, ends at worst this connection, with a coded error as its last message
 * where the client still listens. `onClosed` is called once, whatever the reason. Requests are passed on unchecked
 * beyond their shape: methods and parameters are requests.ts's.
 */
import type { Socket } from 'node:net';
import type { Clock } from '../../base/clock.js';
import { fail, HubError, messageOf } from '../../base/errors.js';
import type { Disposable } from '../../base/scope.js';
import { type Frame, FrameReader, frameTypes } from '../../protocol/frames.js';
import { isSessionMethod } from '../../protocol/host-methods.js';
import {
  clientMessages,
  decodeMessage,
  encodeMessage,
  type Hello,
  type Message,
  type MessageOf,
  type Response,
  wireError,
} from '../../protocol/messages.js';
import { versionMismatch } from '../../protocol/version.js';
import type { HostAccess } from './host-access.js';
import type { ControlLimits } from './limits.js';
import { HostRelay, type RelayClient } from './relay.js';

export interface ConnectionOptions {
  readonly hello: Omit<Hello, 'type'>;
  readonly limits: ControlLimits;
  readonly clock: Clock;
  /** The way to the session host. */
  readonly host: HostAccess;
  readonly onHello: (hello: Hello) => void;
  readonly onRequest: (request: MessageOf<'request'>) => void;
  /** `greeted`: whether onHello was called. */
  readonly onClosed: (reason: string, greeted: boolean) => void;
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
  #greeted = false;
  #timer: Disposable;
  #relay: HostRelay | undefined;
  /** Why nothing is read: the hub takes no events, the session host is behind. */
  readonly #heldBy = { hub: true, host: false };
  /** Of what waits for the client: what the session host sent. It bounds itself, by not being read. */
  #relayedBytes = 0;

  /** Takes over an accepted socket and greets. */
  constructor(socket: Socket, options: ConnectionOptions) {
    this.#socket = socket;
    this.#options = options;
    this.#reader = new FrameReader({ maxFrameBytes: options.limits.maxFrameBytes, types: acceptedTypes });
    this.#timer = options.clock.after(options.limits.helloMs, () =>
      this.close(helloTimeout(options.limits.helloMs)),
    );
    socket.on('data', (chunk) => this.#receive(chunk));
    socket.on('error', (error) => {
      if (this.#state !== 'closing') this.#reason = error.message;
    });
    socket.on('drain', () => this.#relay?.clientWritable());
    socket.on('close', () => {
      this.#timer.dispose();
      this.#relay?.close();
      options.onClosed(this.#reason, this.#greeted);
    });
    this.#send({ type: 'hello', ...options.hello });
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

  /** Tells a fact. One too large to send is not sent. */
  notify(name: string, data: MessageOf<'event'>['data']): void {
    try {
      this.#send({ type: 'event', name, data });
    } catch (thrown) {
      if (!(thrown instanceof HubError)) throw thrown;
    }
  }

  /** Says why, if there is a reason to say, and hangs up once the client has read what waits for it. */
  close(error?: HubError): void {
    if (this.#state === 'closing') return;
    this.#reason = error === undefined ? 'closed by the hub' : `${error.code}: ${error.message}`;
    if (error !== undefined) this.#send({ type: 'error', ...wireError(error) });
    // `#send` may have hung up already, on a client that does not read.
    if (this.#isClosing()) return;
    this.#state = 'closing';
    this.#relay?.close();
    this.#socket.end();
    this.#timer.dispose();
    this.#timer = this.#options.clock.after(this.#options.limits.lingerMs, () => this.#socket.destroy());
  }

  /** Stops reading, so that the client's requests wait in its own socket. */
  pause(): void {
    this.#hold('hub', true);
  }

  resume(): void {
    this.#hold('hub', false);
  }

  #hold(who: 'hub' | 'host', held: boolean): void {
    this.#heldBy[who] = held;
    if (this.#heldBy.hub || this.#heldBy.host) this.#socket.pause();
    else this.#socket.resume();
  }

  #receive(chunk: Uint8Array): void {
    if (this.#state === 'closing') return;
    try {
      this.#reader.push(chunk, (frame) => this.#handle(frame));
    } catch (thrown) {
      if (!(thrown instanceof HubError)) throw thrown;
      this.close(thrown);
    }
  }

  #handle({ type, payload }: Frame): void {
    if (this.#state === 'closing') return;
    if (type !== frameTypes.message) {
      if (this.#state === 'greeting') throw helloExpected();
      this.#relay?.terminal(type, payload);
      return;
    }
    const message = decodeMessage(payload, clientMessages);
    if (this.#state === 'greeting') this.#handleHello(message);
    else this.#handleRequest(message, payload);
  }

  #handleHello(message: MessageOf<'hello' | 'request'>): void {
    if (message.type !== 'hello') throw helloExpected();
    const problem = versionMismatch(this.#options.hello, message);
    if (problem !== undefined) throw problem;
    this.#timer.dispose();
    this.#state = 'open';
    this.#greeted = true;
    this.#options.onHello(message);
  }

  #handleRequest(message: MessageOf<'hello' | 'request'>, payload: Uint8Array): void {
    if (message.type !== 'request') throw fail('protocol.message_invalid', 'hello was said already.');
    const { id } = message;
    const { maxInFlight } = this.#options.limits;
    if (this.#inFlight.has(id)) throw fail('protocol.message_invalid', `Request ${id} is still open.`);
    if (this.#inFlight.size >= maxInFlight) {
      const error = fail(
        'control.too_many_requests',
        `More than ${maxInFlight} requests are open. Wait for answers.`,
      );
      this.#send({ type: 'response', id, ok: false, error: wireError(error) });
      return;
    }
    this.#inFlight.add(id);
    if (!isSessionMethod(message.method)) return this.#options.onRequest(message);
    this.#relay ??= new HostRelay(this.#options.host, this.#relayClient());
    this.#relay.request(message, payload);
  }

  #relayClient(): RelayClient {
    const socket = this.#socket;
    const forward = (frame: Uint8Array): void => {
      if (this.#state === 'closing' || socket.destroyed) return;
      this.#relayedBytes += frame.length;
      socket.write(frame, () => {
        this.#relayedBytes -= frame.length;
      });
    };
    return {
      forward,
      forwardAnswer: (id, frame) => {
        if (this.#inFlight.delete(id)) forward(frame);
      },
      answer: (id, outcome) => {
        if (outcome instanceof HubError) this.respond({ id, ok: false, error: wireError(outcome) });
        else this.respond({ id, ok: true, value: outcome.value });
      },
      notify: (name, data) => this.notify(name, data),
      get queuedBytes() {
        return socket.writableLength;
      },
      holdBack: (held) => this.#hold('host', held),
    };
  }

  #send(message: Message): void {
    if (this.#state === 'closing' || this.#socket.destroyed) return;
    const { maxFrameBytes, maxQueuedBytes } = this.#options.limits;
    const bytes = encodeMessage(message, maxFrameBytes);
    if (this.#socket.writableLength - this.#relayedBytes > maxQueuedBytes) {
      this.#reason = `control.slow_client: more than ${maxQueuedBytes} bytes wait for it`;
      this.#state = 'closing';
      this.#socket.destroy();
      return;
    }
    this.#socket.write(bytes);
  }

  #isClosing(): boolean {
    return this.#state === 'closing';
  }
}

function helloExpected(): HubError {
  return fail('protocol.hello_expected', 'The first message must be hello.');
}

function helloTimeout(helloMs: number): HubError {
  return fail('protocol.hello_timeout', `No hello came within ${helloMs / 1000} s.`);
}
