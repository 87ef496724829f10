/**
 * The hub's own connection to its session host: finds it, starts it when it is needed, greets, watches, and comes back
 * when the connection breaks.
 *
 * Keeps true: a broken connection ends no session; only when the host's process is gone are its sessions reported so
 * (`gone`), and before anything of a next host. The receiver hears `adopted` first, then the facts after it, in order.
 * One attempt to connect at a time. A request fails with a coded error at the latest PATIENCE_MS after a host stopped
 * answering; which of these errors means "nothing was done" is in pty.def.ts.
 */
import type { Socket } from 'node:net';
import type { Clock } from '../../base/clock.js';
import { fail, type HubError, isHubError } from '../../base/errors.js';
import type { Infer } from '../../base/schema.js';
import { Client } from '../../protocol/client.js';
import type { HostConfig } from '../../protocol/host-config.js';
import { type HostMethod, hostMethods, hostVersionMismatch } from '../../protocol/host-methods.js';
import type { MessageOf } from '../../protocol/messages.js';
import type { SessionRecord } from '../../protocol/session.js';
import { findHost, hostHello, hostUnreachable, startHost } from '../../session-link/host-process.js';
import { isRunning, processMark } from '../../system/process-identity.js';
import { RequestLine } from '../http/request-line.js';

/** A host greets from a loop that is never held for long. */
const GREETING_MS = 5_000;
/** How long a request waits for a connection that broke to come back. */
const PATIENCE_MS = 5_000;
const FIRST_RETRY_MS = 20;
const LONGEST_RETRY_MS = 5_000;
/** Of one connection the host takes 64 open requests; more wait here. */
const LINE_LIMITS = { maxRunning: 56, maxWaiting: 4_096 };

export interface HostReceiver {
  /** Connected. What the host has, as of now. */
  adopted(host: { readonly pid: number; readonly version: string }, sessions: readonly SessionRecord[]): void;
  fact(event: MessageOf<'event'>): void;
  disconnected(): void;
  /** The process is gone. */
  gone(pid: number): void;
  /** There is one, and it cannot be used: another version, a token that does not fit. */
  unusable(error: HubError): void;
}

export interface HostLinkOptions {
  readonly config: HostConfig;
  readonly clock: Clock;
  readonly receiver: HostReceiver;
}

type HostClient = Client<typeof hostMethods>;

export class HostLink {
  readonly #options: HostLinkOptions;
  #connected: { readonly client: HostClient; readonly socket: Socket } | undefined;
  /** The host that was connected last and is not known to be gone. */
  #host: { readonly pid: number; readonly mark: string } | undefined;
  /** Attempts to connect, one after the other. */
  #line: Promise<unknown> = Promise.resolve();
  readonly #requests = new RequestLine(LINE_LIMITS);
  #paused = false;
  #closed = false;
  #reconnecting = false;

  constructor(options: HostLinkOptions) {
    this.#options = options;
  }

  get connected(): boolean {
    return this.#connected !== undefined;
  }

  /** Connects if a host runs. Never rejects. */
  async adopt(): Promise<void> {
    await this.#connection(false).catch((thrown: unknown) => {
      if (isHubError(thrown) && thrown.code === 'host.unreachable') this.#reconnect();
    });
  }

  /** Makes sure that there is a host and a connection. Errors: host.*. */
  async start(): Promise<void> {
    await this.#patiently(true);
  }

  /** Asks the host; with `start` it is started if none runs. Rejects with its coded error, or host.*. */
  async request<M extends HostMethod>(
    method: M,
    params: Infer<(typeof hostMethods)[M]['params']>,
    start = false,
  ): Promise<Infer<(typeof hostMethods)[M]['value']>> {
    if (this.#requests.isFull)
      throw hostUnreachable(`${LINE_LIMITS.maxWaiting} requests wait for it already`);
    const ask = async (): Promise<Infer<(typeof hostMethods)[M]['value']>> => {
      const client = await this.#patiently(start);
      try {
        return await client.request(method, params);
      } catch (thrown) {
        throw isHubError(thrown) && thrown.code === 'hub.connection_lost' ? lost(method) : thrown;
      }
    };
    return (await this.#requests.run(ask)) as Infer<(typeof hostMethods)[M]['value']>;
  }

  /** Stops reading, so that facts wait at the host. */
  pause(): void {
    this.#paused = true;
    this.#connected?.socket.pause();
  }

  resume(): void {
    this.#paused = false;
    this.#connected?.socket.resume();
  }

  /** Sends what waits, and lets go of the host. */
  close(): void {
    this.#closed = true;
    this.#connected?.socket.end();
  }

  /** A connection, waiting a while for one that broke. */
  async #patiently(start: boolean): Promise<HostClient> {
    const { clock } = this.#options;
    const giveUpMs = clock.nowMs() + PATIENCE_MS;
    for (let waitMs = FIRST_RETRY_MS; ; waitMs *= 2) {
      try {
        return this.#connected?.client ?? (await this.#connection(start));
      } catch (thrown) {
        const again = isHubError(thrown) && thrown.code === 'host.unreachable';
        if (!again || this.#closed || clock.nowMs() + waitMs > giveUpMs) throw thrown;
        await this.#sleep(waitMs);
      }
    }
  }

  /** The connection there is, or a new one. */
  #connection(start: boolean): Promise<HostClient> {
    const attempt = this.#line.then(async () => this.#connected?.client ?? (await this.#open(start)));
    this.#line = attempt.catch(() => undefined);
    return attempt;
  }

  /** Errors: host.not_running, host.unreachable, host.start_failed, host.version_mismatch, the host's own. */
  async #open(start: boolean): Promise<HostClient> {
    const { config, clock, receiver } = this.#options;
    if (this.#closed) throw notRunning();
    let socket = await findHost(config, clock);
    // Told before anything of the next one is.
    await this.#lookAfterHost();
    if (socket === undefined && !start) throw notRunning();
    socket ??= await startHost(config, clock);
    try {
      return await this.#greet(socket);
    } catch (thrown) {
      socket.destroy();
      if (isHubError(thrown) && thrown.code === 'hub.connection_lost')
        throw hostUnreachable('It does not greet');
      if (isHubError(thrown) && thrown.code !== 'host.unreachable') receiver.unusable(thrown);
      throw thrown;
    }
  }

  async #greet(socket: Socket): Promise<HostClient> {
    const { config, clock, receiver } = this.#options;
    const ownHello = await hostHello(config, 'hub');
    // It was said while nobody listened, and is not said again.
    if (socket.destroyed) throw hostUnreachable('It closed the connection');
    /** Facts that came in one piece with the list that they follow. */
    let early: MessageOf<'event'>[] | undefined = [];
    const client: HostClient = new Client({
      methods: hostMethods,
      hello: ownHello,
      mismatch: hostVersionMismatch,
      serverName: 'session host',
      send: (bytes) => void socket.write(bytes),
      close: () => void socket.end(),
      onEvent: (event) => {
        if (early === undefined) receiver.fact(event);
        else early.push(event);
      },
    });
    socket.on('data', (chunk) => client.receive(chunk));
    socket.once('close', () => {
      client.closed();
      if (this.#connected?.client === client) this.#onDisconnect();
    });
    const late = clock.after(GREETING_MS, () => socket.destroy());
    try {
      const hello = await client.greeted;
      const { sessions } = await client.request('host.watch', {});
      const pid = hello.pid ?? 0;
      const mark = (await processMark(pid)) ?? '';
      if (socket.destroyed) throw hostUnreachable('It closed the connection');
      this.#host = { pid, mark };
      this.#connected = { client, socket };
      receiver.adopted({ pid, version: hello.version }, sessions);
      for (const event of early.splice(0)) receiver.fact(event);
      early = undefined;
      if (this.#paused) socket.pause();
      if (this.#closed) socket.end();
      return client;
    } finally {
      late.dispose();
    }
  }

  #onDisconnect(): void {
    this.#connected = undefined;
    this.#options.receiver.disconnected();
    this.#reconnect();
  }

  /** Tries until there is a connection, or nothing to connect to. */
  #reconnect(): void {
    if (this.#reconnecting) return;
    this.#reconnecting = true;
    const tryAgain = async (): Promise<void> => {
      for (let waitMs = FIRST_RETRY_MS; !this.#closed; waitMs = Math.min(waitMs * 2, LONGEST_RETRY_MS)) {
        const error = await this.#connection(false).then(
          () => undefined,
          (thrown: unknown) => thrown,
        );
        if (!isHubError(error) || error.code !== 'host.unreachable') return;
        await this.#sleep(waitMs * (1 + Math.random()));
      }
    };
    void tryAgain().finally(() => {
      this.#reconnecting = false;
    });
  }

  /** Tells the receiver once that the host that was connected last is gone. */
  async #lookAfterHost(): Promise<void> {
    const host = this.#host;
    if (host === undefined || (await isRunning(host.pid, host.mark))) return;
    this.#host = undefined;
    this.#options.receiver.gone(host.pid);
  }

  #sleep(ms: number): Promise<void> {
    return new Promise((resolve) => void this.#options.clock.after(ms, resolve));
  }
}

function notRunning(): HubError<'host.not_running'> {
  return fail('host.not_running', 'No session host runs, so no session does.');
}

function lost(method: string): HubError<'host.lost'> {
  return fail(
    'host.lost',
    `The connection to the session host broke before it answered ${method}. It may or may not have been done.`,
  );
}
