/**
 * The hub's unix socket: accepts clients and turns what they say into events.
 *
 * The socket appears at its path at once as a listening one with mode 0600: it is bound under another name first and
 * renamed, so nobody ever finds a dead or open one; closing removes the file only if it is still ours, and a file that
 * was lost comes back. When the hub does not take events, clients are not read. Runs in the control worker (server.worker.ts), or anywhere in tests.
 */
import { chmodSync, renameSync, rmSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { dirname, join } from 'node:path';
import type { Clock } from '../../base/clock.js';
import { fail, HubError } from '../../base/errors.js';
import type { Disposable } from '../../base/scope.js';
import type { Hello } from '../../protocol/messages.js';
import type { HostAccess } from '../../session-link/host-access.js';
import { fileMark, removeMarked } from '../../system/file-mark.js';
import { Connection } from './connection.js';
import type { ControlCalls } from './control.calls.js';
import type { ControlEvent } from './control.def.js';
import type { ControlLimits } from './limits.js';

/** Where events go. `emit` false: not taken, offer it again when `drained` resolves. */
export interface EventSink {
  emit(event: ControlEvent): boolean;
  drained(): Promise<void>;
}

export interface ServerOptions {
  readonly hello: Omit<Hello, 'type'>;
  readonly limits: ControlLimits;
  readonly clock: Clock;
  /** The way to the session host. */
  readonly host: HostAccess;
  readonly events: EventSink;
}

/** How often the server makes sure that clients can still find it. */
const WATCH_MS = 30_000;

type ArgOf<K extends keyof ControlCalls> = Parameters<ControlCalls[K]>[0];

export class ControlServer {
  readonly #options: ServerOptions;
  readonly #connections = new Map<number, Connection>();
  /** Events the hub has not taken yet. While there are any, nothing is read, so this is bounded by maxClients. */
  readonly #backlog: ControlEvent[] = [];
  #server: Server | undefined;
  #published: { readonly path: string; readonly mark: string | undefined } | undefined;
  #watch: Disposable | undefined;
  #nextClient = 1;
  #closing = false;

  constructor(options: ServerOptions) {
    this.#options = options;
  }

  /** Opens the socket, replacing the file at the path. Errors: control.listen_failed. */
  async listen({ path, first_client }: ArgOf<'listen'>): Promise<void> {
    this.#nextClient = first_client;
    await this.#open(path);
    this.#watchFile(path);
  }

  async #open(path: string): Promise<void> {
    const server = createServer({ pauseOnConnect: true }, (socket) => this.#accept(socket));
    // Not longer than `hub.sock`: the path of a socket has a tight limit.
    const draft = join(dirname(path), `s${process.pid}`);
    try {
      rmSync(draft, { force: true });
      await new Promise<void>((resolve, reject) => {
        server.once('error', reject);
        server.listen(draft, resolve);
      });
      server.removeAllListeners('error');
      // Running out of file descriptors must not end the worker; the client sees its connection refused.
      server.on('error', () => undefined);
      chmodSync(draft, 0o600);
      renameSync(draft, path);
    } catch (cause) {
      server.close();
      throw listenFailed(path, cause as Error);
    }
    // Clients of an earlier socket stay connected.
    this.#server?.close();
    this.#server = server;
    this.#published = { path, mark: fileMark(path) };
  }

  respond({ client, answer }: ArgOf<'respond'>): void {
    this.#connections.get(client)?.respond(answer);
  }

  notifyClient({ client, name, data }: ArgOf<'notify_client'>): void {
    this.#connections.get(client)?.notify(name, data);
  }

  closeClient({ client, code, message }: ArgOf<'close_client'>): void {
    this.#connections.get(client)?.close(fail(code, message));
  }

  /** Resolves when all clients are gone, at the latest after `lingerMs`. */
  async close(): Promise<void> {
    this.#closing = true;
    this.#watch?.dispose();
    this.#unpublish();
    const closed = new Promise<void>((resolve) => {
      if (this.#server === undefined) resolve();
      else this.#server.close(() => resolve());
    });
    for (const connection of this.#connections.values()) {
      // What a client asked before must still be read off its socket, or the kernel resets the connection.
      connection.resume();
      connection.close();
    }
    await closed;
  }

  #accept(socket: Socket): void {
    const { maxClients } = this.#options.limits;
    const client = this.#nextClient++;
    const connection = new Connection(socket, {
      ...this.#options,
      onHello: ({ client: kind, version }) =>
        this.#emit({ type: 'control.client_connected', client, kind, version }),
      onRequest: ({ id, method, params }) =>
        this.#emit({ type: 'control.request', client, id, method, params }),
      onClosed: (reason, greeted) => {
        this.#connections.delete(client);
        if (greeted && !this.#closing) this.#emit({ type: 'control.client_disconnected', client, reason });
      },
    });
    if (this.#connections.size >= maxClients) {
      socket.resume();
      connection.close(
        fail('control.too_many_clients', `The hub has ${maxClients} clients, which is its limit. Close one.`),
      );
      return;
    }
    this.#connections.set(client, connection);
    if (this.#backlog.length === 0) connection.resume();
  }

  #emit(event: ControlEvent): void {
    if (this.#backlog.length === 0 && this.#options.events.emit(event)) return;
    this.#backlog.push(event);
    if (this.#backlog.length > 1) return;
    for (const connection of this.#connections.values()) connection.pause();
    void this.#drain();
  }

  async #drain(): Promise<void> {
    while (this.#backlog.length > 0) {
      await this.#options.events.drained();
      if (this.#closing) return;
      while (this.#backlog[0] !== undefined && this.#options.events.emit(this.#backlog[0]))
        this.#backlog.shift();
    }
    for (const connection of this.#connections.values()) connection.resume();
  }

  /** Opens the socket again when something removed its file, such as a cleaner of /tmp. */
  #watchFile(path: string): void {
    this.#watch = this.#options.clock.after(WATCH_MS, () => {
      const lost = fileMark(path) === undefined;
      // Where it cannot be opened now (the folder is gone too), perhaps next time.
      const opened = lost ? this.#open(path).catch(() => undefined) : Promise.resolve();
      void opened.then(() => {
        if (this.#closing) this.#unpublish();
        else this.#watchFile(path);
      });
    });
  }

  #unpublish(): void {
    if (this.#published !== undefined) removeMarked(this.#published.path, this.#published.mark);
    this.#published = undefined;
  }
}

function listenFailed(path: string, cause: Error): HubError<'control.listen_failed'> {
  return new HubError('control.listen_failed', `Cannot listen on ${path}: ${cause.message}.`, { cause });
}
