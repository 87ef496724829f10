/**
 * The client's end of a connection to a hub or a session host: greeting, requests, answers, events, terminal frames.
 *
 * Knows messages, not sockets: the owner feeds it bytes and gives it a way to send. Every promise it gave settles, at
 * the latest when the connection closes, and then with a coded error. It does not connect again by itself.
 */
import { mismatch } from '../base/check.js';
import { fail, HubError } from '../base/errors.js';
import type { Infer, ObjectSchema } from '../base/schema.js';
import { type Frame, FrameReader, frameTypes } from './frames.js';
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
import { decodeTerminalFrame, encodeTerminalFrame, type TerminalFrame } from './terminal-frames.js';
import type { Speaker } from './version.js';

/** What a server can be asked, by name: protocol/methods.ts, protocol/host-methods.ts. */
export type MethodTable = Readonly<
  Record<string, { readonly params: ObjectSchema; readonly value: ObjectSchema }>
>;

export interface ClientOptions<T extends MethodTable> {
  readonly methods: T;
  /** What this client says of itself. */
  readonly hello: Omit<Hello, 'type'>;
  /** Why the two cannot talk; undefined when they can. */
  readonly mismatch: (server: Speaker, client: Omit<Hello, 'type'>) => HubError | undefined;
  /** What the server is called in messages: `hub`, `session host`. */
  readonly serverName: string;
  /** Sends bytes to the server, in order. */
  readonly send: (bytes: Uint8Array) => void;
  /** Ends the connection; `closed` follows. */
  readonly close: () => void;
  readonly onEvent?: (event: MessageOf<'event'>) => void;
  /** Output and snapshots. Their bytes are views of what was received: read them before returning. */
  readonly onTerminal?: (frame: TerminalFrame) => void;
}

interface Waiting {
  readonly method: string;
  readonly resolve: (value: never) => void;
  readonly reject: (error: HubError) => void;
}

export class Client<const T extends MethodTable> {
  /**
   * Resolves with the server's hello. Rejects with a version mismatch, the reason the server gave for closing, or
   * `hub.connection_lost`.
   */
  readonly greeted: Promise<Hello>;
  #greet!: { resolve(hello: Hello): void; reject(error: HubError): void };
  readonly #options: ClientOptions<T>;
  readonly #reader = new FrameReader();
  readonly #waiting = new Map<number, Waiting>();
  #lastId = 0;
  #hello: Hello | undefined;
  #ended: HubError | undefined;

  /** Sends this side's hello at once. */
  constructor(options: ClientOptions<T>) {
    this.#options = options;
    this.greeted = new Promise((resolve, reject) => {
      this.#greet = { resolve, reject };
    });
    // Whoever only sends requests learns of a failed greeting from them.
    this.greeted.catch(() => undefined);
    this.#send({ type: 'hello', ...options.hello });
  }

  /** The number of the request that was made last: what its progress is told under. */
  get lastRequestId(): number {
    return this.#lastId;
  }

  /** Why nothing is sent or taken any more. */
  get ended(): HubError | undefined {
    return this.#ended;
  }

  /** Asks the server. Rejects with its coded error, or `hub.connection_lost`. */
  request<M extends keyof T & string>(
    method: M,
    params: Infer<T[M]['params']>,
  ): Promise<Infer<T[M]['value']>> {
    if (this.#ended !== undefined) return Promise.reject(this.#ended);
    const id = ++this.#lastId;
    return new Promise((resolve, reject) => {
      const bytes = encodeMessage({ type: 'request', id, method, params: params as never });
      this.#waiting.set(id, { method, resolve: resolve, reject });
      this.#options.send(bytes);
    });
  }

  /** Sends input or credit of an attach. Nothing answers; what cannot be sent is lost with the connection. */
  sendTerminal(frame: Extract<TerminalFrame, { type: 'input' | 'credit' }>): void {
    if (this.#ended === undefined) this.#options.send(encodeTerminalFrame(frame));
  }

  /** Takes bytes that came from the server. */
  receive(chunk: Uint8Array): void {
    if (this.#ended !== undefined) return;
    try {
      this.#reader.push(chunk, (frame) => this.#handleFrame(frame));
    } catch (thrown) {
      if (!(thrown instanceof HubError)) throw thrown;
      this.#end(thrown as HubError);
      this.#options.close();
    }
  }

  /** Takes a whole frame, of a server that has more than one stream. */
  receiveFrame(frame: Frame): void {
    if (this.#ended !== undefined) return;
    try {
      this.#handleFrame(frame);
    } catch (thrown) {
      if (!(thrown instanceof HubError)) throw thrown;
      this.#end(thrown as HubError);
      this.#options.close();
    }
  }

  /** Tells the client that the connection is gone. */
  closed(): void {
    const { serverName } = this.#options;
    this.#end(fail('hub.connection_lost', `The ${serverName} closed the connection before it answered.`));
  }

  #handleFrame({ type, payload }: Frame): void {
    if (type === frameTypes.message) this.#handle(decodeMessage(payload, hubMessages));
    else if (this.#ended === undefined) this.#options.onTerminal?.(decodeTerminalFrame(type, payload));
  }

  #handle(message: MessageOf<(typeof hubMessages)[number]>): void {
    if (this.#ended !== undefined) return;
    if (message.type === 'error') throw errorFromWire(message);
    if (message.type === 'hello') return this.#handleHello(message);
    if (this.#hello === undefined)
      throw fail('protocol.hello_expected', `The ${this.#options.serverName} did not begin with a hello.`);
    if (message.type === 'event') this.#options.onEvent?.(message);
    else this.#handleResponse(message);
  }

  #handleHello(hello: Hello): void {
    const problem = this.#options.mismatch(hello, this.#options.hello);
    if (problem !== undefined) throw problem;
    this.#hello = hello;
    this.#greet.resolve(hello);
  }

  #handleResponse(response: Response): void {
    const waiting = this.#waiting.get(response.id);
    if (waiting === undefined) return;
    this.#waiting.delete(response.id);
    const { serverName, methods } = this.#options;
    if (!response.ok) {
      const message = `The ${serverName} failed without saying why.`;
      waiting.reject(errorFromWire(response.error ?? { code: 'hub.internal', message }));
      return;
    }
    const schema = methods[waiting.method]?.value as ObjectSchema;
    const problem = mismatch(schema, response.value, waiting.method);
    if (problem === undefined) waiting.resolve(response.value as never);
    else
      waiting.reject(
        fail('protocol.message_invalid', `The ${serverName}'s answer is malformed: ${problem}.`),
      );
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
