/**
 * A client of a hub's socket that says what a test tells it to, well-behaved or not.
 */
import { createConnection, type Socket } from 'node:net';
import { onTestFinished } from 'vitest';
import { type Frame, FrameReader, frameTypes } from '../../protocol/frames.js';
import { decodeMessage, encodeMessage, hubMessages, type Message } from '../../protocol/messages.js';
import { PROTOCOL_VERSION } from '../../protocol/version.js';

export class SocketClient {
  readonly socket: Socket;
  /** What the hub said, hello included. */
  readonly heard: Message[] = [];
  /** What came of terminals, as type byte and payload. */
  readonly terminal: Frame[] = [];
  receivedBytes = 0;
  readonly closed: Promise<void>;
  readonly #watchers = new Set<() => void>();

  private constructor(socket: Socket) {
    this.socket = socket;
    const reader = new FrameReader({ maxFrameBytes: 1 << 30 });
    socket.on('data', (chunk) => {
      this.receivedBytes += chunk.length;
      reader.push(chunk, ({ type, payload }) => {
        if (type === frameTypes.message) this.heard.push(decodeMessage(payload, hubMessages));
        else this.terminal.push({ type, payload: Uint8Array.from(payload) });
      });
      for (const watcher of this.#watchers) watcher();
    });
    socket.on('error', () => undefined);
    this.closed = new Promise((resolve) => socket.on('close', () => resolve()));
  }

  /** Connects; says nothing yet. */
  static connect(path: string): Promise<SocketClient> {
    return new Promise((resolve, reject) => {
      const socket = createConnection(path);
      onTestFinished(() => void socket.destroy());
      socket.once('error', reject);
      socket.once('connect', () => resolve(new SocketClient(socket)));
    });
  }

  /** Connects and greets. */
  static async greet(path: string, client = 'test'): Promise<SocketClient> {
    const connection = await SocketClient.connect(path);
    connection.say({ type: 'hello', protocol_version: PROTOCOL_VERSION, client, version: '0.1.0' });
    await connection.hear('hello');
    return connection;
  }

  say(message: Message): void {
    this.socket.write(encodeMessage(message, 1 << 30));
  }

  raw(bytes: Uint8Array): void {
    this.socket.write(bytes);
  }

  /** Takes the oldest message of a type out of `heard`, waiting for it if need be. */
  hear<T extends Message['type']>(type: T): Promise<Extract<Message, { type: T }>> {
    return new Promise((resolve, reject) => {
      const look = (): void => {
        const index = this.heard.findIndex((message) => message.type === type);
        if (index < 0) return;
        this.#watchers.delete(look);
        resolve(this.heard.splice(index, 1)[0] as Extract<Message, { type: T }>);
      };
      this.#watchers.add(look);
      void this.closed.then(() => {
        look();
        reject(new Error(`closed without ${type}; heard ${JSON.stringify(this.heard)}`));
      });
      look();
    });
  }
}
