/** A real relay on a port of its own, and clients that speak to it as they please. Both end with the test. */
import { onTestFinished } from 'vitest';
import { WebSocket } from 'ws';
import { Counters } from '../../base/counters.js';
import { RealClock } from '../../base/real-clock.js';
import type { RelayLimits } from '../../relay/limits.js';
import { Relay, type RelayOptions } from '../../relay/relay.js';
import { until } from './until.js';

export interface TestRelay {
  readonly relay: Relay;
  readonly counters: Counters;
  readonly port: number;
  /** `http://127.0.0.1:PORT`. */
  readonly url: string;
  client(options?: ClientOptions): TestClient;
  /** A client that was greeted. */
  greeted(options?: ClientOptions): Promise<TestClient>;
  close(): Promise<void>;
}

interface ClientOptions {
  readonly protocols?: readonly string[];
  readonly headers?: Readonly<Record<string, string>>;
  readonly origin?: string;
}

type Options = Partial<Omit<RelayOptions, 'limits'>> & {
  readonly limits?: Partial<RelayLimits>;
  readonly port?: number;
};

export async function startRelay({ port: wanted = 0, ...options }: Options = {}): Promise<TestRelay> {
  const counters = new Counters();
  const relay = Relay.create({ webRoot: '/nowhere', clock: new RealClock(), counters, ...options });
  const port = await relay.listen({ host: '127.0.0.1', port: wanted });
  const clients: TestClient[] = [];
  let closed: Promise<void> | undefined;
  const close = (): Promise<void> => (closed ??= relay.close());
  onTestFinished(async () => {
    for (const client of clients) client.socket.terminate();
    await close();
  });
  const client = (clientOptions: ClientOptions = {}): TestClient => {
    const made = new TestClient(`ws://127.0.0.1:${port}/cable`, clientOptions);
    clients.push(made);
    return made;
  };
  return {
    relay,
    counters,
    port,
    url: `http://127.0.0.1:${port}`,
    client,
    greeted: async (clientOptions) => {
      const made = client(clientOptions);
      await made.heard({ type: 'welcome' });
      return made;
    },
    close,
  };
}

type Frame = Readonly<Record<string, unknown>>;

export class TestClient {
  readonly socket: WebSocket;
  /** What came and was not waited for. */
  readonly frames: Frame[] = [];
  /** Code of the end; 0 where the connection was never made. */
  readonly closed: Promise<number>;
  readonly opened: Promise<void>;
  #ended = false;

  constructor(url: string, { protocols = ['actioncable-v1-json'], headers = {}, origin }: ClientOptions) {
    this.socket = new WebSocket(url, [...protocols], {
      headers,
      perMessageDeflate: false,
      ...(origin === undefined ? {} : { origin }),
    });
    let failed = false;
    this.opened = new Promise((resolve) => this.socket.once('open', () => resolve()));
    this.socket.on('unexpected-response', (_request, response) => {
      this.status = response.statusCode;
      failed = true;
      this.socket.terminate();
    });
    this.socket.on('error', () => undefined);
    this.socket.on('message', (data: Buffer) => {
      this.frames.push(JSON.parse(data.toString('utf8')) as Frame);
    });
    this.closed = new Promise((resolve) => {
      this.socket.once('close', (code) => {
        this.#ended = true;
        resolve(failed ? 0 : code);
      });
    });
  }

  /** Of a refused handshake. */
  status: number | undefined;

  /** Resolves with the next frame that has these fields, and forgets what came before it. */
  async heard(fields: Frame): Promise<Frame> {
    return await until(() => {
      const index = this.frames.findIndex((frame) => matches(frame, fields));
      if (index >= 0) return this.frames.splice(0, index + 1).at(-1);
      if (this.#ended)
        throw new Error(`closed without ${JSON.stringify(fields)}: ${JSON.stringify(this.frames)}`);
      return undefined;
    });
  }

  send(value: unknown): void {
    this.socket.send(typeof value === 'string' ? value : JSON.stringify(value));
  }

  /** Subscribes to signals and waits for the answer. Gives the identifier. */
  async subscribe(params: Frame): Promise<string> {
    const identifier = JSON.stringify({ channel: 'SignalChannel', ...params });
    this.send({ command: 'subscribe', identifier });
    await this.heard({ identifier, type: 'confirm_subscription' });
    return identifier;
  }

  signal(identifier: string, fields: Frame): void {
    this.send({ command: 'message', identifier, data: JSON.stringify({ action: 'signal', ...fields }) });
  }

  /** Resolves when the server has handled all that was sent before. */
  async settled(): Promise<void> {
    const identifier = JSON.stringify({ channel: 'None', random: Math.random() });
    this.send({ command: 'subscribe', identifier });
    await this.heard({ identifier, type: 'reject_subscription' });
  }
}

function matches(frame: Frame, fields: Frame): boolean {
  return Object.entries(fields).every(
    ([name, value]) => JSON.stringify(frame[name]) === JSON.stringify(value),
  );
}

/** Names of hubs and peers for tests: 22 letters each. */
export const named = (name: string): string => name.padEnd(22, '_');
