/**
 * The client's end of a connection to a hub: greeting, requests, answers, events.
 *
 * Knows messages, not sockets: the owner feeds it bytes and gives it a way to send. Every promise it gave settles, at
 * the latest when the connection closes, and then with a coded error. It does not connect again by itself.
 */
import { mismatch } from '../base/check.js';
import { fail, HubError } from '../base/errors.js';
import { FrameReader } from './frames.js';
import {
  decodeMessage,
  encodeMessage,
  errorFromWire,
  type Hello,
  hubMessages,
  type Message,
  type MessageOf,
  type Response,
} from './messages.js';
import { type Method, methods, type ParamsOf, type ValueOf } from './methods.js';
import { PROTOCOL_VERSION, versionMismatch } from './version.js';

export interface HubClientOptions {
  /** What this client calls itself: `cli`, `tui`, `mcp`. */
  readonly client: string;
  readonly version: string;
  /** Sends bytes to the hub, in order. */
  readonly send: (bytes: Uint8Array) => void;
  /** Ends the connection; `closed` follows. */
  readonly close: () => void;
  readonly onEvent?: (event: MessageOf<'event'>) => void;
}

interface Waiting {
  readonly method: Method;
  readonly resolve: (value: never) => void;
  readonly reject: (error: HubError) => void;
}

export class HubClient {
  /**
   * Resolves with the hub's hello. Rejects with `protocol.version_mismatch`, the reason the hub gave for closing, or
   * `hub.connection_lost`.
   */
  readonly greeted: Promise<Hello>;
  #greet!: { resolve(hello: Hello): void; reject(error: HubError): void };
  readonly #options: HubClientOptions;
  readonly #reader = new FrameReader();
  readonly #waiting = new Map<number, Waiting>();
  #lastId = 0;
  #hello: Hello | undefined;
  #ended: HubError | undefined;

  /** Sends this side's hello at once. */
  constructor(options: HubClientOptions) {
    this.#options = options;
    this.greeted = new Promise((resolve, reject) => {
      this.#greet = { resolve, reject };
    });
    // Whoever only sends requests learns of a failed greeting from them.
    this.greeted.catch(() => undefined);
    this.#send({
      type: 'hello',
      protocol_version: PROTOCOL_VERSION,
      client: options.client,
      version: options.version,
    });
  }

  /** Asks the hub. Rejects with the hub's coded error, or `hub.connection_lost`. */
  request<M extends Method>(method: M, params: ParamsOf<M>): Promise<ValueOf<M>> {
    if (this.#ended !== undefined) return Promise.reject(this.#ended);
    const id = ++this.#lastId;
    return new Promise<ValueOf<M>>((resolve, reject) => {
      const bytes = encodeMessage({ type: 'request', id, method, params });
      this.#waiting.set(id, { method, resolve, reject });
      this.#options.send(bytes);
    });
  }

  /** Takes bytes that came from the hub. */
  receive(chunk: Uint8Array): void {
    if (this.#ended !== undefined) return;
    try {
      this.#reader.push(chunk, ({ payload }) => this.#handle(decodeMessage(payload, hubMessages)));
    } catch (thrown) {
      if (!(thrown instanceof HubError)) throw thrown;
      this.#end(thrown as HubError);
      this.#options.close();
    }
  }

  /** Tells the client that the connection is gone. */
  closed(): void {
    this.#end(fail('hub.connection_lost', 'The hub closed the connection before it answered.'));
  }

  #handle(message: MessageOf<(typeof hubMessages)[number]>): void {
    if (this.#ended !== undefined) return;
    if (message.type === 'error') throw errorFromWire(message);
    if (message.type === 'hello') return this.#handleHello(message);
    if (this.#hello === undefined)
      throw fail('protocol.hello_expected', 'The hub did not begin with a hello.');
    if (message.type === 'event') this.#options.onEvent?.(message);
    else this.#handleResponse(message);
  }

  #handleHello(hello: Hello): void {
    const own = { ...this.#options, protocol_version: PROTOCOL_VERSION };
    const problem = versionMismatch(hello, own);
    if (problem !== undefined) throw problem;
    this.#hello = hello;
    this.#greet.resolve(hello);
  }

  #handleResponse(response: Response): void {
    const waiting = this.#waiting.get(response.id);
    if (waiting === undefined) return;
    this.#waiting.delete(response.id);
    if (!response.ok) {
      const error = response.error ?? { code: 'hub.internal', message: 'The hub failed without saying why.' };
      waiting.reject(errorFromWire(error));
      return;
    }
    const problem = mismatch(methods[waiting.method].value, response.value, waiting.method);
    if (problem === undefined) waiting.resolve(response.value as never);
    else waiting.reject(fail('protocol.message_invalid', `The hub's answer is malformed: ${problem}.`));
  }

  #send(message: Message): void {
    this.#options.send(encodeMessage(message));
  }

  #end(error: HubError): void {
    if (this.#ended !== undefined) return;
    this.#ended = error;
    this.#greet.reject(error);
    for (const { reject } of this.#waiting.values()) reject(error);
    this.#waiting.clear();
  }
}
