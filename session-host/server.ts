/**
 * The session host's unix socket: accepts clients and carries what they ask to the host.
 *
 * What one client sends, or a bug that it hits, ends at worst its own connection. A socket file that something removed
 * comes back; closing removes the file only if it is still ours.
 */
import { createServer, type Server, type Socket } from 'node:net';
import type { Clock } from '../base/clock.js';
import type { Counters } from '../base/counters.js';
import { fail, HubError, isHubError, messageOf } from '../base/errors.js';
import type { Logger } from '../base/log.js';
import type { Disposable } from '../base/scope.js';
import type { Hello, MessageOf } from '../protocol/messages.js';
import { wireError } from '../protocol/messages.js';
import { fileMark, removeMarked } from '../system/file-mark.js';
import { HostClient } from './client.js';
import { Connection } from './connection.js';
import type { Host } from './host.js';
import type { HostLimits } from './limits.js';
import { type Answer, answerRequest } from './requests.js';
import { publish } from './socket-file.js';

/** How often the server makes sure that clients can still find it. */
const WATCH_MS = 30_000;

export interface HostServerOptions {
  readonly path: string;
  readonly hello: Omit<Hello, 'type'>;
  readonly token: string;
  readonly limits: HostLimits;
  readonly clock: Clock;
  readonly log: Logger;
  readonly counters: Counters;
  readonly host: Host;
}

export class HostServer {
  readonly #options: HostServerOptions;
  readonly #connections = new Set<Connection>();
  #server: Server | undefined;
  #mark: string | undefined;
  #watch: Disposable | undefined;
  #closing = false;

  constructor(options: HostServerOptions) {
    this.#options = options;
  }

  /** Opens the socket. Errors: host.listen_failed. */
  async open(): Promise<void> {
    await this.#listen();
    this.#watchFile();
  }

  /** Says goodbye to all clients and removes the file. Resolves when they are gone, after `lingerMs` at the latest. */
  async close(): Promise<void> {
    this.#closing = true;
    this.#watch?.dispose();
    removeMarked(this.#options.path, this.#mark);
    const closed = new Promise<void>((resolve) => {
      if (this.#server === undefined) resolve();
      else this.#server.close(() => resolve());
    });
    for (const connection of this.#connections) connection.close();
    await closed;
  }

  async #listen(): Promise<void> {
    const server = createServer((socket) => this.#accept(socket));
    this.#mark = await publish(server, this.#options.path);
    // Running out of file descriptors must not end the host; the client sees its connection refused.
    server.on('error', (error) => this.#options.log.log('warn', 'the socket failed', { error }));
    // Clients of an earlier socket stay connected.
    this.#server?.close();
    this.#server = server;
  }

  /** Makes sure that clients can find the socket: now, and again in a while. */
  async look(): Promise<void> {
    this.#watch?.dispose();
    // Where it cannot be opened now (the folder is gone too), perhaps next time.
    if (fileMark(this.#options.path) === undefined) await this.#listen().catch(() => undefined);
    if (this.#closing) removeMarked(this.#options.path, this.#mark);
    else this.#watchFile();
  }

  #watchFile(): void {
    this.#watch?.dispose();
    this.#watch = this.#options.clock.after(WATCH_MS, () => void this.look());
  }

  #accept(socket: Socket): void {
    const { clock, hello, token, limits, counters, host } = this.#options;
    let client: HostClient | undefined;
    const connection: Connection = new Connection(socket, {
      hello,
      token,
      limits,
      clock,
      onHello: () => {
        client = new HostClient({
          connection,
          limits,
          onBug: (thrown) => this.#bug('a connection', thrown),
          onAttaches: (by) => {
            host.attaches += by;
          },
        });
        host.clientsChanged(1);
      },
      onRequest: (request) => client && this.#request(client, request),
      onTerminal: (frame) => client?.terminal(frame),
      onBug: (thrown) => this.#bug('a connection', thrown),
      onWritable: () => client?.pump(),
      onClosed: (reason, code) => {
        if (code !== undefined) this.#refused(reason, code);
        this.#connections.delete(connection);
        if (client === undefined) return;
        host.watchers.remove(connection);
        client.close();
        host.clientsChanged(-1);
      },
    });
    if (this.#connections.size >= limits.maxConnections) {
      counters.add('connections.too_many');
      connection.close(
        fail(
          'host.too_many_clients',
          `The session host has ${limits.maxConnections} clients, which is its limit. Close some.`,
        ),
      );
      return;
    }
    this.#connections.add(connection);
  }

  #request(client: HostClient, { id, method, params }: MessageOf<'request'>): void {
    const { connection } = client;
    const respond = (answer: Answer | HubError): void => {
      if (isHubError(answer)) {
        connection.respond({ id, ok: false, error: wireError(answer) });
      } else {
        connection.respond({ id, ok: true, value: answer.value });
        answer.afterwards?.();
      }
    };
    const failed = (thrown: unknown): void => respond(this.#bug(method, thrown));
    try {
      const answer = answerRequest(this.#options.host, client, method, params);
      if (answer instanceof Promise) answer.then(respond).catch(failed);
      else respond(answer);
    } catch (thrown) {
      failed(thrown);
    }
  }

  #refused(reason: string, code: string): void {
    this.#options.counters.add('connections.refused');
    this.#options.log.log('warn', 'a connection was closed', { code, reason });
  }

  #bug(doing: string, thrown: unknown): HubError<'host.internal'> {
    this.#options.counters.add('host.internal_errors');
    this.#options.log.log('error', 'the session host failed', { doing, error: thrown });
    return new HubError(
      'host.internal',
      `The session host failed: ${messageOf(thrown)}. Its log says more: host.log.`,
    );
  }
}
