/**
 * An Action Cable server of a test's own, which also misbehaves on demand. It confirms every channel but
 * `RejectedChannel`, and echoes what is performed. Ends with the test.
 */
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo, Socket as NetSocket } from 'node:net';
import { onTestFinished } from 'vitest';
import { type Socket, SocketServer } from '../../system/websocket.js';

export interface CableServerOptions {
  readonly port?: number;
  /** Does not speak unless the test says so. */
  readonly mute?: boolean;
  readonly pingMs?: number;
  readonly protocol?: string;
}

export interface Command {
  readonly command: string;
  readonly identifier: string;
  readonly data?: string;
}

export class CableServer {
  readonly sockets = new Set<Socket>();
  /** Everything that clients sent, in order. */
  readonly commands: Command[] = [];
  readonly requests: IncomingMessage[] = [];
  readonly #options: CableServerOptions;
  readonly #http: Server;
  readonly #streams = new Set<NetSocket>();
  readonly #upgrade: SocketServer;
  /** Takes connections and messages, and says nothing more. */
  silent = false;

  constructor(options: CableServerOptions) {
    this.#options = options;
    this.#upgrade = new SocketServer({
      maxMessageBytes: 1024 * 1024,
      protocol: () => options.protocol ?? 'actioncable-v1-json',
    });
    this.#http = createServer((_request, response) => response.writeHead(404).end());
    this.#http.on('connection', (stream) => {
      this.#streams.add(stream);
      stream.on('close', () => this.#streams.delete(stream));
    });
    this.#http.on('upgrade', (request, stream, head) => {
      this.requests.push(request);
      this.#upgrade.accept(request, stream, head, (socket) => this.#open(socket));
    });
  }

  async listen(): Promise<void> {
    this.#http.listen(this.#options.port ?? 0, '127.0.0.1');
    await once(this.#http, 'listening');
  }

  get port(): number {
    return (this.#http.address() as AddressInfo).port;
  }

  get url(): string {
    return `ws://127.0.0.1:${this.port}/cable`;
  }

  /** To everyone. */
  send(message: unknown): void {
    const text = typeof message === 'string' ? message : JSON.stringify(message);
    for (const socket of this.sockets) socket.send(text);
  }

  /** To all that are subscribed to the identifier. */
  broadcast(identifier: string, message: unknown): void {
    this.send({ identifier, message });
  }

  /** Ends everything at once, as a process that is killed. */
  async close(): Promise<void> {
    for (const stream of this.#streams) stream.destroy();
    await new Promise((resolve) => this.#http.close(resolve));
  }

  /** The commands of a kind, so far. */
  count(command: string): number {
    return this.commands.filter((one) => one.command === command).length;
  }

  #open(socket: Socket): void {
    const { mute = false, pingMs = 3_000 } = this.#options;
    this.sockets.add(socket);
    const say = (message: unknown): void => {
      if (!this.silent && !mute) socket.send(JSON.stringify(message));
    };
    const ping = setInterval(() => say({ type: 'ping', message: Math.floor(Date.now() / 1000) }), pingMs);
    socket.on('close', () => {
      clearInterval(ping);
      this.sockets.delete(socket);
    });
    socket.on('message', (data: Buffer) => {
      const command = JSON.parse(data.toString()) as Command;
      this.commands.push(command);
      this.#obey(command, say);
    });
    say({ type: 'welcome' });
  }

  #obey({ command, identifier, data }: Command, say: (message: unknown) => void): void {
    if (command === 'subscribe') {
      const rejected = identifier.includes('RejectedChannel');
      say({ type: rejected ? 'reject_subscription' : 'confirm_subscription', identifier });
    }
    if (command === 'message') say({ identifier, message: JSON.parse(data ?? 'null') as unknown });
  }
}

export async function serveCable(options: CableServerOptions = {}): Promise<CableServer> {
  const server = new CableServer(options);
  await server.listen();
  onTestFinished(() => server.close().catch(() => undefined));
  return server;
}
