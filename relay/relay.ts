/**
 * A relay: one port that serves the web app and speaks Action Cable at /cable.
 *
 * Holds no secret and stores nothing. Runs in a hub's worker (hub/relay), alone (`botster relay`), or in a test.
 */
import { createServer, type IncomingMessage, type RequestListener, type Server } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { Clock } from '../base/clock.js';
import type { Counters } from '../base/counters.js';
import { HubError, messageOf } from '../base/errors.js';
import { errnoOf } from '../system/errno.js';
import { type CableLoad, CableServer, refuse } from './cable-server.js';
import { type RelayLimits, relayLimits } from './limits.js';
import { limitKey } from './remote-address.js';

export interface RelayOptions {
  /** The folder of the built web app. */
  readonly webRoot: string;
  readonly clock: Clock;
  /** Of everything refused, ignored and dropped: `relay.*`. */
  readonly counters: Counters;
  /** One proxy stands in front, and says in X-Forwarded-For for whom it asks. */
  readonly trustProxy?: boolean;
  /** PEM. */
  readonly tls?: { readonly cert: Buffer; readonly key: Buffer };
  readonly limits?: Partial<RelayLimits>;
}

export interface ListenAddress {
  readonly host: string;
  /** 0: any. */
  readonly port: number;
}

export type ListenCode = 'relay.port_taken' | 'relay.listen_failed';

/** How long a client may take to send the head of a request, and a kept connection may idle. */
const HEADERS_MS = 10_000;
const KEEP_ALIVE_MS = 5_000;
/** How long one may keep us waiting to take an answer. Cable connections have their own rules. */
const IDLE_MS = 60_000;
const MAX_HEADER_BYTES = 16 * 1024;

export class Relay {
  readonly #server: Server;
  readonly #cable: CableServer;

  private constructor(server: Server, cable: CableServer) {
    this.#server = server;
    this.#cable = cable;
  }

  /** Ready to listen. What serves the page is loaded meanwhile, which takes longer than all else; requests wait for it. */
  static create(options: RelayOptions): Relay {
    const { clock, counters, trustProxy = false, tls } = options;
    const limits = { ...relayLimits, ...options.limits };
    const web = import('./web-host.js').then(({ webHost }) => webHost(options.webRoot));
    const handler: RequestListener = (request, response) =>
      void web.then((serve) => serve(request, response));
    const times = {
      headersTimeout: HEADERS_MS,
      requestTimeout: HEADERS_MS,
      keepAliveTimeout: KEEP_ALIVE_MS,
      connectionsCheckingInterval: HEADERS_MS / 2,
      maxHeaderSize: MAX_HEADER_BYTES,
    };
    const server =
      tls === undefined ? createServer(times, handler) : createTlsServer({ ...times, ...tls }, handler);
    server.setTimeout(IDLE_MS);
    const cable = new CableServer({ limits, clock, counters, trustProxy });
    server.on('upgrade', (request: IncomingMessage, stream: Duplex, head: Buffer) => {
      const [path] = (request.url ?? '').split('?', 1);
      if (path === '/cable') cable.upgrade(request, stream, head);
      else refuse(stream, 404);
    });
    boundSockets(server, limits, counters, trustProxy);
    return new Relay(server, cable);
  }

  /** Resolves with the port. Errors: relay.port_taken, relay.listen_failed; it may be called again then. */
  async listen({ host, port }: ListenAddress): Promise<number> {
    try {
      await listening(this.#server, { host, port });
    } catch (cause) {
      throw listenFailed({ host, port }, cause);
    }
    // Running out of file descriptors must not end the process.
    this.#server.on('error', () => undefined);
    const address = this.#server.address();
    return typeof address === 'object' && address !== null ? address.port : port;
  }

  load(): CableLoad {
    return this.#cable.load();
  }

  /** Sends everybody away who is connected now, to come back. */
  disconnectAll(): void {
    this.#cable.disconnectAll('remote', true);
  }

  /** Tells clients that the server restarts, and resolves when all connections are closed. */
  async close(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    await this.#cable.close();
    this.#server.closeAllConnections();
    await closed;
  }
}

/** Leaves no listeners, so that it may be tried again with another port. */
function listening(server: Server, { host, port }: ListenAddress): Promise<void> {
  return new Promise((resolve, reject) => {
    const settle = (outcome: () => void): void => {
      server.off('error', onError);
      server.off('listening', onListening);
      outcome();
    };
    const onError = (error: Error): void => settle(() => reject(error));
    const onListening = (): void => settle(resolve);
    server.once('error', onError);
    server.once('listening', onListening);
    server.listen({ host, port });
  });
}

/** Sockets are bounded before they say anything. Behind a proxy all come from one address. */
function boundSockets(server: Server, limits: RelayLimits, counters: Counters, trustProxy: boolean): void {
  const { maxSockets, maxSocketsPerAddress } = limits;
  const perAddress = new Map<string, number>();
  let open = 0;
  server.on('connection', (socket: Socket) => {
    const address = trustProxy ? 'proxy' : limitKey(socket.remoteAddress ?? '');
    const there = (perAddress.get(address) ?? 0) + 1;
    perAddress.set(address, there);
    open++;
    socket.once('close', () => {
      open--;
      const left = (perAddress.get(address) ?? 1) - 1;
      if (left === 0) perAddress.delete(address);
      else perAddress.set(address, left);
    });
    if (open <= maxSockets && (trustProxy || there <= maxSocketsPerAddress)) return;
    counters.add('relay.refused.sockets');
    socket.destroy();
  });
}

function listenFailed({ host, port }: ListenAddress, cause: unknown): HubError<ListenCode> {
  if (errnoOf(cause) === 'EADDRINUSE') {
    const message = `Port ${port} of ${host} is taken by another program. Choose another port.`;
    return new HubError('relay.port_taken', message, { cause, details: { host, port } });
  }
  const message = `Cannot listen on port ${port} of ${host}: ${messageOf(cause)}.`;
  return new HubError('relay.listen_failed', message, { cause, details: { host, port } });
}
