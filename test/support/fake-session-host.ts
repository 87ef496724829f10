/** A session host that says what a test tells it to, in this process: its socket, its token, and what clients say. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { type Frame, FrameReader, frameTypes } from '../../protocol/frames.js';
import type { HostConfig } from '../../protocol/host-config.js';
import { HOST_PROTOCOL_VERSION } from '../../protocol/host-methods.js';
import {
  clientMessages,
  decodeMessage,
  encodeMessage,
  type Hello,
  type Message,
  type MessageOf,
} from '../../protocol/messages.js';
import type { SessionRecord } from '../../protocol/session.js';
import { until } from './until.js';

type Request = MessageOf<'request'>;
/** The value of the answer; undefined: the test answers itself. */
export type FakeAnswer = (request: Request, client: FakeHostClient) => unknown;

export class FakeHostClient {
  readonly socket: Socket;
  /** What it said, in order, terminal frames included. */
  readonly frames: Frame[] = [];
  readonly requests: Request[] = [];
  hello: Hello | undefined;
  closed = false;

  constructor(socket: Socket) {
    this.socket = socket;
  }

  say(message: Message): void {
    this.socket.write(encodeMessage(message));
  }

  raw(bytes: Uint8Array): void {
    this.socket.write(bytes);
  }

  respond(id: number, value: unknown): void {
    this.say({ type: 'response', id, ok: true, value: value as never });
  }
}

export interface FakeHostOptions {
  readonly config: HostConfig;
  readonly hello?: Partial<Hello>;
  readonly answer?: FakeAnswer;
  /** Default: it greets. */
  readonly greets?: boolean;
  /** So many connections are closed at once, as by a process that is ending. */
  readonly hangsUpOn?: number;
}

export class FakeSessionHost {
  readonly clients: FakeHostClient[] = [];
  readonly #options: FakeHostOptions;
  readonly #server: Server;

  private constructor(options: FakeHostOptions) {
    this.#options = options;
    this.#server = createServer((socket) => this.#accept(socket));
  }

  /** Listens. Ends with the test. */
  static async open(options: FakeHostOptions): Promise<FakeSessionHost> {
    const { state_dir, socket_path } = options.config;
    mkdirSync(state_dir, { recursive: true, mode: 0o700 });
    writeFileSync(join(state_dir, 'host.token'), 'secret\n', { mode: 0o600 });
    const host = new FakeSessionHost(options);
    await new Promise<void>((resolve) => host.#server.listen(socket_path, resolve));
    onTestFinished(() => host.close());
    return host;
  }

  /** The `n`th client, counted from 1, once it has said hello. */
  client(n: number): Promise<FakeHostClient> {
    return until(() => {
      const client = this.clients[n - 1];
      return client?.hello === undefined ? undefined : client;
    });
  }

  /** Hangs up on everybody, as a process that ends does. */
  async close(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    for (const { socket } of this.clients) socket.destroy();
    await closed;
  }

  #accept(socket: Socket): void {
    const client = new FakeHostClient(socket);
    const { answer, greets = true, hangsUpOn = 0, hello } = this.#options;
    this.clients.push(client);
    const reader = new FrameReader();
    socket.on('error', () => undefined);
    socket.on('close', () => {
      client.closed = true;
    });
    socket.on('data', (chunk) =>
      reader.push(chunk, (frame) => {
        client.frames.push({ type: frame.type, payload: Uint8Array.from(frame.payload) });
        if (frame.type !== frameTypes.message) return;
        const message = decodeMessage(frame.payload, clientMessages);
        if (message.type === 'hello') {
          client.hello = message;
          return;
        }
        client.requests.push(message);
        const value = answer?.(message, client);
        if (value !== undefined) client.respond(message.id, value);
      }),
    );
    if (this.clients.length <= hangsUpOn) socket.destroy();
    else if (greets) this.#greet(client, hello);
  }

  #greet(client: FakeHostClient, hello: Partial<Hello> | undefined): void {
    client.say({
      type: 'hello',
      protocol_version: HOST_PROTOCOL_VERSION,
      client: 'session-host',
      version: '1.2.3',
      pid: process.pid,
      ...hello,
    });
  }
}

/** The record of a running session. */
export function sessionRecord(uuid: string, more: Partial<SessionRecord> = {}): SessionRecord {
  return {
    uuid,
    state: 'running',
    pid: 4242,
    cmd: '/bin/sh',
    args: [],
    start_dir: '/repo',
    rows: 24,
    cols: 80,
    size_policy: 'latest',
    attached: 0,
    started_at: '2026-01-01T00:00:00.000Z',
    activity: 'idle',
    offset: 0,
    history_offset: 0,
    meta: {},
    ...more,
  };
}
